import { admit } from '../../rules/readings/admission.ts';
import type { ReadingProblem } from '../../rules/readings/reading.ts';
import type { AdmittedReading, Step } from '../../rules/step.ts';
import { statefulCodecOf } from './decode-payload.ts';
import type { NumberedReading } from './intake.ts';
import type { OpenedEntry, Processing } from './judge-reading.ts';
import { type Outcome, plainPointOf, pointOf } from './outcome.ts';
import { type DeviceQuality, skewName } from './quality-tally.ts';

/** What was refused of a reading is refused of its repetition as well, and counted in quarantine. */
export function repeatedProblems(
  { registry }: Processing,
  { entry, device }: OpenedEntry,
  { reading }: NumberedReading,
): readonly ReadingProblem[] {
  const type = registry.rulebook.deviceTypes.get(device.type) ?? null;
  return admit(reading, type, null, entry.receivedAt).problems;
}

/** Notes what is stored of a reading, and where its device is now. */
export function noteReading(
  outcome: Outcome,
  step: Step,
  { seq, reading }: NumberedReading,
  { entry, device, quality }: OpenedEntry,
): void {
  const { admitted } = step;
  const { receivedAt } = entry;
  if (admitted === null) {
    outcome.verdicts.push({ seq, verdict: { kind: 'not_stored' } });
    return;
  }
  const asSent =
    admitted.flags.length === 0 &&
    step.problems.length === 0 &&
    admitted.at === (reading.at ?? receivedAt) &&
    // Else metrics were dropped, or turned into other units.
    admitted.metrics === reading.metrics &&
    // Else it can't be decoded again from the entry alone.
    statefulCodecOf(entry.topic) === null;
  if (!asSent) {
    const verdict = { kind: 'stored_as', reading: admitted } as const;
    outcome.verdicts.push({ seq, verdict, deviceKey: device.key });
  }
  quality.stored += 1;
  if (admitted.flags.length > 0)
    noteFlags(outcome, admitted, quality, (reading.at ?? receivedAt) - receivedAt, receivedAt);
  outcome.points.push(pointOf(device.key, seq, receivedAt, admitted));
  // A fix that would be a jump waits for the next ones, and is not where the device is.
  const held = step.memory.devices[device.id]?.held.at(-1);
  const isHeld = held !== undefined && held.readingId === String(seq);
  if (admitted.position !== undefined && !isHeld && !admitted.flags.includes('late'))
    outcome.positions.set(device, admitted);
}

/** The same of one that was skimmed: it is stored just as it was sent. */
export function notePlainReading(
  outcome: Outcome,
  { seq, reading }: NumberedReading,
  { entry, device, quality }: OpenedEntry,
): void {
  const point = plainPointOf(device.key, seq, entry.receivedAt, reading);
  // What can't be decoded again from the entry alone.
  if (statefulCodecOf(entry.topic) !== null) {
    const { at, flags } = point;
    const verdict = { kind: 'stored_as', reading: { ...reading, at, flags } } as const;
    outcome.verdicts.push({ seq, verdict, deviceKey: device.key });
  }
  quality.stored += 1;
  outcome.points.push(point);
  if (point.position !== undefined) outcome.positions.set(device, point);
}

function noteFlags(
  outcome: Outcome,
  { flags }: AdmittedReading,
  quality: DeviceQuality,
  leadMs: number,
  receivedAt: number,
): void {
  if (flags.includes('late')) {
    outcome.counts.late += 1;
    quality.note('late', '', receivedAt);
  }
  if (flags.includes('clock_corrected')) {
    outcome.counts.clockCorrected += 1;
    quality.note('clock_corrected', '', receivedAt);
    quality.note('clock_skew', skewName(leadMs), receivedAt);
  }
}
