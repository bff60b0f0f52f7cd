import { collecting, readDuration, readFields, readNumber } from '../document.ts';
import { DAY_MS, SECOND_MS } from '../duration.ts';
import type { Parsed } from '../problem.ts';

/** What holds across all rules. */
export interface Pacing {
  /** Most offers of all rules together to one consumer within a time; null: no limit. */
  readonly perConsumer: { readonly count: number; readonly perMs: number } | null;
}

export const NO_PACING: Pacing = { perConsumer: null };

/** Reads the settings that hold across rules: `{perConsumer: {count: 5, per: P1D} | null}`. */
export function parsePacing(document: unknown): Parsed<Pacing> {
  return collecting((report) => {
    const fields = readFields(document, '', ['perConsumer'], report);
    if (fields === null) return null;
    if (fields.perConsumer === undefined || fields.perConsumer === null) return NO_PACING;
    const perConsumer = readFields(fields.perConsumer, 'perConsumer', ['count', 'per'], report);
    if (perConsumer === null) return null;
    const count = readNumber(perConsumer.count, 'perConsumer.count', report, {
      min: 1,
      max: 1000,
      integer: true,
    });
    const perMs = readDuration(perConsumer.per, 'perConsumer.per', report, {
      minMs: SECOND_MS,
      maxMs: 366 * DAY_MS,
    });
    return count === null || perMs === null ? null : { perConsumer: { count, perMs } };
  });
}
