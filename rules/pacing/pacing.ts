import { collecting, readFields } from '../document/document.ts';
import type { Parsed } from '../document/problem.ts';
import { type Cap, readCap } from './cap.ts';

/** What holds across all rules. */
export interface Pacing {
  /** Of all rules together; null: no limit. */
  readonly perConsumer: Cap | null;
}

export const NO_PACING: Pacing = { perConsumer: null };

/** Reads the settings that hold across rules: `{perConsumer: {count: 5, per: P1D} | null}`. */
export function parsePacing(document: unknown): Parsed<Pacing> {
  return collecting((report) => {
    const fields = readFields(document, '', ['perConsumer'], report);
    if (fields === null) return null;
    if (fields.perConsumer === undefined || fields.perConsumer === null) return NO_PACING;
    const perConsumer = readCap(fields.perConsumer, 'perConsumer', report);
    return perConsumer === null ? null : { perConsumer };
  });
}
