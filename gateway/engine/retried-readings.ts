import type { Reading, ReadingPart, ReadingProblem } from '../../rules/readings/reading.ts';
import type { Retry } from './retry-entry.ts';

/** What a message holds; each reading with its place in the journal. */
interface Readings {
  readonly readings: readonly { readonly seq: number; readonly reading: Reading }[];
  readonly problems: readonly ReadingProblem[];
}

const GONE: ReadingProblem = {
  code: 'bad_shape',
  message: 'what was refused is not in the message, as it is read now',
};

/**
 * Of a quarantined message as it is read now, what is to be taken: all readings, or the part that was refused while the rest was
 * stored. A reading without a time of its own has that of its arrival.
 *
 * @param seq of the journal entry that has it taken again
 */
export function retried(
  { readings, problems }: Readings,
  { part, receivedAt }: Retry,
  seq: number,
): Readings {
  const withTime = (reading: Reading): Reading =>
    reading.at === undefined ? { ...reading, at: receivedAt } : reading;
  if (part === null) {
    return {
      problems,
      readings: readings.map((one) => ({ seq: one.seq, reading: withTime(one.reading) })),
    };
  }
  const whole = readings.find((one) => one.seq === seq + part.index)?.reading;
  const wanted = whole === undefined ? null : partOf(withTime(whole), part.part);
  return wanted === null
    ? { readings: [], problems: [GONE] }
    : { readings: [{ seq, reading: wanted }], problems: [] };
}

function partOf(reading: Reading, part: ReadingPart | undefined): Reading | null {
  if (part === undefined) return reading;
  const { at, position, metrics, units } = reading;
  const time = at === undefined ? {} : { at };
  if (part.kind === 'position') return position === undefined ? null : { ...time, position };
  const { name } = part;
  if (metrics === undefined || !Object.hasOwn(metrics, name)) return null;
  const value = metrics[name];
  if (value === undefined) return null;
  // fromEntries makes an own property of any name.
  const only = { ...time, metrics: Object.fromEntries([[name, value]]) };
  const unit = units !== undefined && Object.hasOwn(units, name) ? units[name] : undefined;
  return unit === undefined ? only : { ...only, units: Object.fromEntries([[name, unit]]) };
}
