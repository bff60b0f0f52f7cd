import { Button } from '@mantine/core';
import { useState } from 'react';
import type { RuleState } from '../../../gateway/records/schema.ts';
import type { RuleRecord } from '../../api/shapes.ts';
import { Confirm } from '../Confirm.tsx';
import { useMarkets } from '../use-role.ts';
import { RuleSummary } from './RuleSummary.tsx';
import { STATE_ACTIONS } from './rule-states.ts';
import { SaveTrouble } from './SaveTrouble.tsx';
import { useRuleState } from './use-rules.ts';

/** What can be done with a rule now. Pausing is done at once; what sends, or is for good, is asked about first. */
export function RuleActions({ rule, size = 'sm' }: { rule: RuleRecord; size?: 'compact-xs' | 'sm' }) {
  const [asking, setAsking] = useState<RuleState | null>(null);
  const change = useRuleState(rule.id, () => setAsking(null));
  if (!useMarkets()) return null;
  return (
    <span className="rule-actions">
      {STATE_ACTIONS[rule.state].map(({ to, label }) => (
        <Button
          key={to}
          size={size}
          variant={to === 'live' ? 'light' : 'default'}
          loading={change.isPending && asking === null && change.variables === to}
          aria-label={`${label}: ${rule.name}`}
          onClick={() => {
            change.reset();
            if (to === 'paused') change.mutate(to);
            else setAsking(to);
          }}
        >
          {label}
        </Button>
      ))}
      {asking === null && <SaveTrouble error={change.error} />}
      {asking === 'live' && (
        <Confirm
          title={`Start “${rule.name}”?`}
          confirm={rule.state === 'paused' ? 'Resume' : 'Go live'}
          busy={change.isPending}
          onConfirm={() => change.mutate('live')}
          onCancel={() => setAsking(null)}
        >
          <p>From this moment on it sends offers to real people:</p>
          <RuleSummary document={rule.rule} />
          <SaveTrouble error={change.error} />
        </Confirm>
      )}
      {asking === 'ended' && (
        <Confirm
          title={`End “${rule.name}” for good?`}
          confirm="End it for good"
          danger
          busy={change.isPending}
          onConfirm={() => change.mutate('ended')}
          onCancel={() => setAsking(null)}
        >
          <p>
            It sends nothing any more, and cannot be started again. Its decisions and figures stay. To stop it
            for a while, pause it.
          </p>
          <SaveTrouble error={change.error} />
        </Confirm>
      )}
    </span>
  );
}
