import type { ReadingProblem } from '../../rules/readings/reading.ts';
import type { Input } from '../../rules/step.ts';
import {
  factsOf,
  isRepeated,
  judged,
  noteStep,
  type OpenedEntry,
  type Processing,
  UNJUDGED,
} from './judge-reading.ts';
import { type Outcome, pointOf } from './outcome.ts';
import type { RetryNote } from './retries.ts';
import type { Retry } from './retry-entry.ts';

/**
 * Takes a quarantined message again. Its readings arrived when they arrived, so that they are late and change nothing that is
 * known of the device. What the rest of its message brought is stored already: a part that is still wrong stores nothing.
 *
 * @param problems what can't be read of it
 * @param quarantined ids of those that are still in quarantine; for the others there is nothing to do
 * @param seen as of `processEntries`
 */
export function stepRetry(
  context: Processing,
  { entry, device, readings, identities, quality }: OpenedEntry,
  retry: Retry,
  problems: readonly ReadingProblem[],
  quarantined: ReadonlySet<string>,
  seen: Set<string>,
  outcome: Outcome,
): void {
  const { registry, subjects } = context;
  const { quarantineId, receivedAt, part } = retry;
  const isDone = outcome.retries.has(quarantineId) || !quarantined.has(quarantineId);
  const note: RetryNote = { quarantineId, readings: readings.length, problems: [...problems] };
  if (!isDone) outcome.retries.set(quarantineId, note);
  const consumer = factsOf(registry, device.consumerId);
  let position = 0;
  for (const { seq, reading } of readings) {
    const identity = identities[position++] ?? null;
    if (isDone || (identity !== null && isRepeated(identity, seen))) {
      outcome.verdicts.push({ seq, verdict: { kind: 'not_stored' } });
      continue;
    }
    if (identity !== null) outcome.identities.push(identity);
    const input: Input = {
      kind: 'reading',
      device,
      consumer,
      reading,
      readingId: String(seq),
      arrivedAt: receivedAt,
    };
    const step = judged(context, subjects.memory(device.subject), input, entry.receivedAt);
    note.problems.push(...(step?.problems ?? [UNJUDGED]));
    const admitted = step?.admitted ?? null;
    if (step === null || admitted === null || (part !== null && step.problems.length > 0)) {
      outcome.verdicts.push({ seq, verdict: { kind: 'not_stored' } });
      continue;
    }
    subjects.set(device.subject, step.memory, step.wakeAt);
    noteStep(context, outcome, step, consumer);
    const verdict = { kind: 'stored_as', reading: admitted } as const;
    outcome.verdicts.push({ seq, verdict, deviceKey: device.key });
    outcome.points.push(pointOf(device.key, seq, receivedAt, admitted));
    outcome.counts.retried += 1;
    quality.note('retried', '', entry.receivedAt);
    // The reading of a part was counted when it came.
    if (part === null) {
      quality.readings += 1;
      quality.stored += 1;
    }
  }
}
