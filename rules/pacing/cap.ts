import { join, type Report, readDuration, readFields, readNumber } from '../document/document.ts';
import { DAY_MS, SECOND_MS } from '../time/duration.ts';

/** Most offers to one consumer within a time. */
export interface Cap {
  readonly count: number;
  readonly perMs: number;
}

/** The longest time that a cap or a cooldown may look back. */
export const LONGEST_LIMIT_MS = 366 * DAY_MS;
/** Each counted offer is remembered with its time. */
const LARGEST_COUNT = 1000;

/** Reads `{count: 2, per: P1D}`. */
export function readCap(value: unknown, path: string, report: Report): Cap | null {
  const fields = readFields(value, path, ['count', 'per'], report);
  if (fields === null) return null;
  const count = readNumber(fields.count, join(path, 'count'), report, {
    min: 1,
    max: LARGEST_COUNT,
    integer: true,
  });
  const perMs = readDuration(fields.per, join(path, 'per'), report, {
    minMs: SECOND_MS,
    maxMs: LONGEST_LIMIT_MS,
  });
  return count === null || perMs === null ? null : { count, perMs };
}
