import type { QuarantineCode, ReadingProblem } from '../../rules/readings/reading.ts';
import type { StoredEntry } from '../journal/journal.ts';
import type { QuarantinedPart } from '../records/quarantined-part.ts';
import type { Outcome, QuarantineNote } from './outcome.ts';
import type { DeviceQuality } from './quality-tally.ts';
import { MOST_COMPLAINTS_AN_ENTRY } from './quarantine-bounds.ts';

/** Something that is wrong with a message, or with one reading of it. */
export interface FoundProblem {
  readonly problem: ReadingProblem;
  /** Of the reading, among those of the message; null: it is the message's own. */
  readonly index: number | null;
}

/** Adds what is wrong with one reading to what was found of its message; null: nothing yet, as of nearly all messages. */
export function foundToo(
  found: FoundProblem[] | null,
  problems: readonly ReadingProblem[],
  index: number,
): FoundProblem[] | null {
  if (problems.length === 0) return found;
  const all = found ?? [];
  for (const problem of problems) all.push({ problem, index });
  return all;
}

/**
 * Notes what was wrong with an entry; the payload is kept whole with each complaint. What is said of several of its readings is one
 * complaint, about the first: a message of a thousand bad readings is no thousand rows.
 *
 * @param readingsTaken how many readings were taken out of it all the same
 */
export function noteProblems(
  outcome: Outcome,
  entry: StoredEntry,
  quality: DeviceQuality,
  found: readonly FoundProblem[],
  readingsTaken: number,
): void {
  const complaints = new Map<string, QuarantineNote>();
  const complain = (code: QuarantineCode, message: string, part: QuarantinedPart | null) => {
    const key = `${code} ${message}`;
    const note = complaints.get(key) ?? {
      device: quality.device,
      topic: entry.topic,
      code,
      message,
      payload: entry.payload,
      payloadBytes: Math.max(entry.truncatedFrom, entry.payload.length),
      at: entry.receivedAt,
      part,
      readingsTaken,
      times: 0,
    };
    note.times += 1;
    complaints.set(key, note);
  };
  const more: ReadingProblem[] = [];
  for (const { problem, index } of found) {
    const { code, message, part } = problem;
    quality.note('refused', code, entry.receivedAt);
    if (complaints.size >= MOST_COMPLAINTS_AN_ENTRY && !complaints.has(`${code} ${message}`))
      more.push(problem);
    else complain(code, message, index === null ? null : { index, ...(part !== undefined && { part }) });
  }
  const [firstOfMore] = more;
  if (firstOfMore !== undefined)
    complain(firstOfMore.code, `and ${more.length} more problems of this message`, null);
  outcome.counts.quarantined += found.length;
  outcome.quarantine.push(...complaints.values());
}
