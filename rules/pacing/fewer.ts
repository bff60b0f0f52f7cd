import type { Draft } from '../draft.ts';
import { own } from '../memory.ts';
import type { ConsumerFacts } from '../step.ts';
import { DAY_MS, describeDuration } from '../time/duration.ts';
import type { Suppression } from './limits.ts';

/** Who asked once for fewer offers of a rule gets at most one in this time. */
export const FEWER_MS = 7 * DAY_MS;

/** What a consumer asked for who wants fewer offers of a rule, as `consumer_cap`; or null. */
export function fewerWanted(
  draft: Draft,
  consumer: ConsumerFacts,
  ruleId: string,
  at: number,
): Suppression | null {
  const wanted = own(consumer.fewer ?? {}, ruleId);
  if (wanted === undefined) return null;
  if (wanted.level === 2)
    return { reason: 'consumer_cap', detail: 'the consumer asked for no more offers of this rule' };
  const lastAt = Math.max(wanted.since, own(draft.memory.sentTimes, ruleId)?.at(-1) ?? -Infinity);
  if (at - lastAt >= FEWER_MS) return null;
  const since = describeDuration(Math.max(0, at - lastAt));
  return {
    reason: 'consumer_cap',
    detail: `the consumer asked for fewer offers of this rule: at most 1 a week, and the last one was ${since} ago`,
  };
}
