import { Badge } from '@mantine/core';
import { Link } from 'wouter';
import type { RuleRecord } from '../api/shapes.ts';
import { ListFrame } from './ListFrame.tsx';
import { useList } from './use-list.ts';

const STATES = {
  draft: { label: 'Draft', color: 'gray' },
  live: { label: 'Live', color: 'wayside' },
  paused: { label: 'Paused', color: 'yellow' },
  ended: { label: 'Ended', color: 'gray' },
} as const;

/** The rules and their states, each with a way to what it decided. */
export function RulesPage() {
  const list = useList<RuleRecord>('/api/v1/rules');
  return (
    <ListFrame
      title="Rules"
      intro="What turns a reading into an offer. Rules are written with PUT /api/v1/rules/{id}."
      columns={['Rule', 'State', 'Version', 'Decisions']}
      empty="There is no rule yet."
      list={list}
    >
      {list.items.map(({ id, name, rule, state, version }) => (
        <tr key={id}>
          <th scope="row">
            {name ?? rule?.name ?? id}
            <small className="soft block">{id}</small>
          </th>
          <td>
            <Badge variant="light" color={STATES[state].color} className="state-badge">
              {STATES[state].label}
            </Badge>
          </td>
          <td>{version}</td>
          <td>
            <Link href={`/decisions?rule=${encodeURIComponent(id)}`}>What it decided</Link>
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}
