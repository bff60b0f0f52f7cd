import type { MetricValue, Reading, ReadingProblem } from '../../rules/readings/reading.ts';
import { type Decoded, MAX_READINGS_PER_MESSAGE } from './codec.ts';
import { parseReading } from './json-reading.ts';

/** As many as one reading may have. */
const MAX_METRICS_A_READING = 1000;

interface Draft {
  readonly at: number | undefined;
  readonly position: Record<string, unknown>;
  readonly metrics: Record<string, unknown>;
  units: Record<string, string> | null;
  count: number;
}

export type PositionField = 'lat' | 'lon' | 'accuracy' | 'speed' | 'heading' | 'altitude';

/**
 * Gathers single values into readings, for dialects that send value by value: what has the same time becomes one reading, in
 * order of first mention. A second value of the same name and time begins another reading, for both are to survive.
 */
export class Drafts {
  readonly #newest = new Map<number | undefined, Draft>();
  readonly #drafts: Draft[] = [];
  #leftOut = 0;

  /**
   * @param at epoch ms, undefined for the time of arrival
   * @param unit as sent; the value is turned into the device type's own, or else into the SI unit, when the reading is taken in
   */
  addMetric(at: number | undefined, name: string, value: MetricValue, unit?: string): void {
    const draft = this.#draft(at, (known) => known.count < MAX_METRICS_A_READING && !(name in known.metrics));
    if (draft === null) return;
    draft.count += 1;
    draft.metrics[name] = value;
    if (unit === undefined || typeof value !== 'number') return;
    draft.units ??= Object.create(null) as Record<string, string>;
    draft.units[name] = unit;
  }

  addPosition(at: number | undefined, field: PositionField, value: unknown): void {
    const draft = this.#draft(at, (known) => !(field in known.position));
    if (draft !== null) draft.position[field] = value;
  }

  /** The readings, checked as native ones are. */
  decoded(problems: ReadingProblem[]): Decoded {
    if (this.#leftOut > 0) {
      problems.push({
        code: 'bad_shape',
        message: `the message has more than ${MAX_READINGS_PER_MESSAGE} readings; ${this.#leftOut} values beyond are left out. Send smaller batches.`,
      });
    }
    const readings: Reading[] = [];
    for (const { at, position, metrics, units, count } of this.#drafts) {
      const draft: Record<string, unknown> = { at };
      if (Object.keys(position).length > 0) draft.position = position;
      if (count > 0) draft.metrics = metrics;
      const reading = parseReading(draft, '', problems);
      if (reading !== null)
        readings.push(units === null ? reading : { ...reading, ...unitsOf(reading, units) });
    }
    return { readings, problems };
  }

  #draft(at: number | undefined, hasRoom: (draft: Draft) => boolean): Draft | null {
    const known = this.#newest.get(at);
    if (known !== undefined && hasRoom(known)) return known;
    if (this.#drafts.length >= MAX_READINGS_PER_MESSAGE) {
      this.#leftOut += 1;
      return null;
    }
    // Without prototypes: names come from outside.
    const draft: Draft = {
      at,
      position: Object.create(null),
      metrics: Object.create(null),
      units: null,
      count: 0,
    };
    this.#newest.set(at, draft);
    this.#drafts.push(draft);
    return draft;
  }
}

/** Of what is left of the metrics. */
function unitsOf({ metrics }: Reading, units: Readonly<Record<string, string>>): Pick<Reading, 'units'> {
  const entries = Object.entries(units).filter(
    ([name]) => metrics !== undefined && Object.hasOwn(metrics, name),
  );
  return entries.length === 0 ? {} : { units: Object.fromEntries(entries) };
}
