import type { Purpose, QuietHours } from '../../rules/step.ts';
import { inQuietHours } from '../../rules/time/quiet-hours.ts';
import type { RuleState } from '../records/schema.ts';

/** Why an offer that was decided on is not sent after all. */
export type WithdrawalReason =
  | 'sending_stopped'
  | 'consumer_erased'
  | 'rule_deleted'
  | 'rule_draft'
  | 'rule_paused'
  | 'rule_ended'
  | 'rule_invalid'
  | 'no_consent'
  | 'consumer_cap'
  | 'quiet_hours';

/** What of a rule matters at send. */
export interface RuleFacts {
  readonly state: RuleState;
  /** Null where the kept document does not parse any more: then nobody can say what it needs, and nothing is sent. */
  readonly needs: { readonly purposes: readonly Purpose[]; readonly ignoresQuietHours: boolean } | null;
}

/** What the records say now, as opposed to when the decision fell. */
export interface SendFacts {
  /** Somebody has stopped all sending. */
  readonly isStopped: boolean;
  /** Null where the rule was deleted. */
  readonly rule: RuleFacts | null;
  /** Null where the consumer was erased. */
  readonly consumer: {
    readonly granted: ReadonlySet<Purpose>;
    /** They asked for no more offers of this rule. */
    readonly wantsNone: boolean;
    readonly quietHours: QuietHours | null;
    /** Of the consumer, else of the place, else null for UTC. */
    readonly timezone: string | null;
  } | null;
}

/**
 * Checks once more, right before sending, what may have changed since the decision: consent, what people asked not to get, quiet
 * hours, and whether the rule is still live.
 *
 * @param now domain time, epoch ms
 * @returns why the offer must not go out, or null where it may
 */
export function withdrawalReason(facts: SendFacts, now: number): WithdrawalReason | null {
  const { rule, consumer } = facts;
  if (facts.isStopped) return 'sending_stopped';
  if (consumer === null) return 'consumer_erased';
  if (rule === null) return 'rule_deleted';
  if (rule.state !== 'live') return `rule_${rule.state}`;
  if (rule.needs === null) return 'rule_invalid';
  if (!rule.needs.purposes.every((purpose) => consumer.granted.has(purpose))) return 'no_consent';
  if (consumer.wantsNone) return 'consumer_cap';
  if (!rule.needs.ignoresQuietHours && inQuietHours(consumer.quietHours, consumer.timezone, now))
    return 'quiet_hours';
  return null;
}
