import type { Remark } from '../../rules/readings/reading.ts';

/** What is counted of a device besides its readings. `clock_skew` has the sizes of what `clock_corrected` counts. */
export type QualityKind =
  | Remark['kind']
  | 'late'
  | 'clock_corrected'
  | 'clock_skew'
  | 'duplicate'
  | 'refused'
  | 'retried';

/**
 * Kinds that speak of something wrong with the device or its network, each once: a value out of range is in `refused` already, and
 * so is a value of the wrong kind. Unknown metrics and converted units are as the device type wants them.
 */
export const FAULTS: ReadonlySet<QualityKind> = new Set([
  'late',
  'clock_corrected',
  'duplicate',
  'refused',
  'kind_changed',
  'null_island',
]);

export const DAY_MS = 86_400_000;
/** Days that are kept, today included. */
export const KEPT_DAYS = 30;
