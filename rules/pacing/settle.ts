import type { Draft } from '../draft.ts';
import { decisionOn, rememberCause, rememberTime } from '../judge.ts';
import { own } from '../memory.ts';
import type { ConsumerFacts } from '../step.ts';
import type { Candidate } from './candidate.ts';

/**
 * Before anything is known, one offer in four is taken to be clicked, and that guess counts as much as four offers that were
 * seen: generous beside the few percent that are usual, so that a new rule gets its turn with everybody; and light enough that a
 * rule whose first eight offers nobody wanted is worth a third of a new one. It is the mean of a beta distribution with
 * parameters 1 and 3, updated with what was seen.
 */
const PRIOR_TAKEN = 1;
const PRIOR_SEEN = 4;

/** What an offer of a rule is worth to send to a consumer: its weight × the chance that this consumer takes it. */
export function expectedValue(
  rule: { readonly id: string; readonly weight: number },
  consumer: ConsumerFacts,
): number {
  const { seen, taken } = own(consumer.responses ?? {}, rule.id) ?? { seen: 0, taken: 0 };
  return (rule.weight * (taken + PRIOR_TAKEN)) / (seen + PRIOR_SEEN);
}

/**
 * Ends a moment: of the offers that nothing forbids, the one of the highest expected value is sent, and the others are noted as
 * `outranked`. Equal values go to the lesser rule id, then to the offer that came up first. A loser's cooldown and caps are as if it
 * had not been tried; but it had its turn with its cause.
 */
export function settleMoment(draft: Draft): void {
  const { candidates } = draft;
  const [first] = candidates;
  if (first === undefined) return;
  let winner = first;
  for (const candidate of candidates) if (isBetter(candidate, winner)) winner = candidate;
  rememberTime(draft, winner.firing);
  for (const { firing } of candidates) rememberCause(draft, firing);
  // From the last to the first, so that the places of those before do not move.
  for (const candidate of candidates.toReversed()) {
    const decision =
      candidate === winner
        ? decisionOn(
            candidate,
            { kind: 'sent', offer: candidate.offer },
            'every condition of the rule was met',
          )
        : decisionOn(candidate, OUTRANKED, whyOutranked(candidate, winner));
    draft.decisions.splice(candidate.after, 0, decision);
  }
  candidates.length = 0;
}

const OUTRANKED = { kind: 'suppressed', reason: 'outranked' } as const;

function isBetter(one: Candidate, other: Candidate): boolean {
  const [value, otherValue] = [worthOf(one), worthOf(other)];
  if (value !== otherValue) return value > otherValue;
  return one.firing.rule.rule.id < other.firing.rule.rule.id;
}

const worthOf = ({ firing, consumer }: Candidate): number => expectedValue(firing.rule.rule, consumer);

function whyOutranked(candidate: Candidate, winner: Candidate): string {
  const [id, winnerId] = [candidate.firing.rule.rule.id, winner.firing.rule.rule.id];
  if (id === winnerId)
    return `the same moment brought an offer of this rule already (cause ${winner.firing.cause})`;
  const [value, winners] = [worthOf(candidate), worthOf(winner)].map((one) => one.toPrecision(3));
  return `the rule ${winnerId} was sent in the same moment: its expected value was ${winners}, this one's ${value}`;
}
