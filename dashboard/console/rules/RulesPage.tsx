import { Button } from '@mantine/core';
import { Link, useLocation } from 'wouter';
import type { RuleRecord } from '../../api/shapes.ts';
import { Pill } from '../../look/StateBadge.tsx';
import { ListFrame } from '../ListFrame.tsx';
import { useList } from '../use-list.ts';
import { useNames } from '../use-names.ts';
import { useMarkets } from '../use-role.ts';
import { CountBar } from './CountBar.tsx';
import { RuleActions } from './RuleActions.tsx';
import { RULE_STATES } from './rule-states.ts';
import { triggerInWords } from './trigger-words.ts';
import { useRuleCounts } from './use-rules.ts';

/** The rules: what sets each off, what it did in the last day, and the buttons to start and stop it. */
export function RulesPage() {
  const list = useList<RuleRecord>('/api/v1/rules');
  const counts = useRuleCounts();
  const names = useNames();
  const [, navigate] = useLocation();
  const mayChange = useMarkets();
  const most = Math.max(0, ...[...(counts?.values() ?? [])].map(({ sent, suppressed }) => sent + suppressed));
  return (
    <ListFrame
      title="Rules"
      intro="What turns a reading into an offer. A rule can be tried on the past before it sends anything."
      columns={['Rule', 'State', 'Version', 'Last 24 hours', 'Actions']}
      empty={
        mayChange
          ? 'There is no rule yet. Press “New rule”: name a place, write the offer, try it on the past, go live.'
          : 'There is no rule yet.'
      }
      list={list}
      actions={
        mayChange && (
          <div className="list-actions">
            <Button onClick={() => navigate('/rules/~new')}>New rule</Button>
          </div>
        )
      }
    >
      {list.items.map((rule) => (
        <tr key={rule.id}>
          <th scope="row" className="rule-cell">
            <Link href={`/rules/${encodeURIComponent(rule.id)}`}>{rule.name}</Link>
            <small className="soft block">When {triggerInWords(rule.rule, names)}</small>
            <small className="rule-links">
              {mayChange && rule.state !== 'ended' && (
                <Link href={`/rules/${encodeURIComponent(rule.id)}/edit`} aria-label={`Edit: ${rule.name}`}>
                  Edit
                </Link>
              )}
              <Link
                href={`/decisions?rule=${encodeURIComponent(rule.id)}`}
                aria-label={`What it decided: ${rule.name}`}
              >
                What it decided
              </Link>
            </small>
          </th>
          <td>
            <Pill tone={RULE_STATES[rule.state].tone}>{RULE_STATES[rule.state].label}</Pill>
          </td>
          <td className="rule-version">{rule.version}</td>
          <td className="count-cell">
            {counts !== null && <CountBar count={counts.get(rule.id)} most={most} />}
          </td>
          <td>
            <RuleActions rule={rule} size="compact-xs" />
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}
