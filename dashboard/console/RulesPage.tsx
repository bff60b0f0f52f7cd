import { Link } from 'wouter';
import type { RuleRecord } from '../api/shapes.ts';
import { Pill } from '../look/StateBadge.tsx';
import { ListFrame } from './ListFrame.tsx';
import { useList } from './use-list.ts';

const STATES = {
  draft: { label: 'Draft', tone: 'quiet' },
  live: { label: 'Live', tone: 'good' },
  paused: { label: 'Paused', tone: 'warn' },
  ended: { label: 'Ended', tone: 'quiet' },
} as const;

/** The rules and their states, each with its document and a way to what it decided. */
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
      {list.items.map(({ id, name, state, version, rule }) => (
        <tr key={id}>
          <th scope="row">
            {name}
            <small className="soft block">{id}</small>
            <details className="document">
              <summary>
                The rule <span className="visually-hidden">{name}</span>
              </summary>
              <pre>{JSON.stringify(rule, null, 2)}</pre>
            </details>
          </th>
          <td>
            <Pill tone={STATES[state].tone}>{STATES[state].label}</Pill>
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
