import type { ReadingProblem } from '../../rules/readings/reading.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { heldBytes } from './held-bytes.ts';
import { takeIn } from './intake.ts';
import type { Beside, OpenedEntry, Processing } from './judge-reading.ts';
import { noteProblems } from './note-problems.ts';
import { identityOf } from './once.ts';
import type { Outcome } from './outcome.ts';
import type { KnownDevice } from './registry.ts';

/** Of an entry with one reading that does not say when it was taken, as most are. */
const ONE_WITHOUT: readonly null[] = [null];

/**
 * Decodes an entry. What it brings beside readings is not noted yet, for it may have to wait for the next commit, and is opened again
 * then; dialects alone remember that they saw it (`undoAfter`).
 */
export function openEntry(
  { registry, dialects }: Processing,
  entry: StoredEntry,
  device: KnownDevice,
  outcome: Outcome,
): OpenedEntry {
  const intake = takeIn(entry, dialects);
  const { readings, countsFromArrival, retry } = intake;
  outcome.bytes += heldBytes(retry ?? entry, readings);
  const quality = outcome.quality.of(device.id, entry.receivedAt);
  const isKnownType = registry.rulebook.deviceTypes.has(device.type);
  const kept = isKnownType ? readings : [];
  const problems = isKnownType ? intake.problems : [unknownType(device.type)];
  const isPlain = retry === null && problems.length === 0 && intake.requests === undefined;
  const beside = isPlain
    ? null
    : {
        retry,
        problems,
        requests: intake.requests ?? [],
        notStored: isKnownType ? [] : readings.map(({ seq }) => seq),
      };
  if (retry !== null) {
    // A part has the time of a reading that was stored before, and other content: it is known by its row in quarantine alone.
    const identities = kept.map(({ reading }) =>
      retry.part === null ? identityOf(device.key, reading) : null,
    );
    return { entry, device, readings: kept, identities, byPacket: false, quality, beside };
  }
  const identities =
    kept.length === 1 && kept[0]?.reading.at === undefined
      ? ONE_WITHOUT
      : kept.map(({ reading }) => (countsFromArrival === true ? null : identityOf(device.key, reading)));
  const byPacket = entry.qos > 0 && identities.includes(null);
  return { entry, device, readings: kept, identities, byPacket, quality, beside };
}

/** Notes what an opened entry brings beside its readings. */
export function noteBeside(
  outcome: Outcome,
  { entry, quality, readings }: OpenedEntry,
  { retry, problems, requests, notStored }: Beside,
): void {
  outcome.requests.push(...requests);
  for (const seq of notStored) outcome.verdicts.push({ seq, verdict: { kind: 'not_stored' } });
  if (retry !== null || problems.length === 0) return;
  const ofMessage = problems.map((problem) => ({ problem, index: null }));
  noteProblems(outcome, entry, quality, ofMessage, readings.length);
}

function unknownType(type: string): ReadingProblem {
  return {
    code: 'unknown_type',
    message: `there is no device type "${type}"; once there is one, try this again out of quarantine`,
  };
}
