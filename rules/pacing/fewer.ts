import type { Draft } from '../draft.ts';
import { own } from '../memory.ts';
import type { ConsumerFacts } from '../step.ts';
import { DAY_MS, describeDuration } from '../time/duration.ts';

/** Who asked once for fewer offers of a rule gets at most one in this time. */
export const FEWER_MS = 7 * DAY_MS;

/** Why a consumer gets none of a rule now, who asked for fewer of it, as a sentence; or null. */
export function fewerWanted(
  draft: Draft,
  consumer: ConsumerFacts,
  ruleId: string,
  at: number,
): string | null {
  const wanted = own(consumer.fewer ?? {}, ruleId);
  if (wanted === undefined) return null;
  if (wanted.level === 2) return 'the consumer asked for no more offers of this rule';
  const lastAt = Math.max(wanted.since, own(draft.memory.sentTimes, ruleId)?.at(-1) ?? -Infinity);
  if (at - lastAt >= FEWER_MS) return null;
  const since = describeDuration(Math.max(0, at - lastAt));
  return `the consumer asked for fewer offers of this rule: at most 1 a week, and the last one was ${since} ago`;
}
