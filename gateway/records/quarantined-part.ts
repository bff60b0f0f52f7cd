import type { ReadingPart } from '../../rules/readings/reading.ts';

/** Of a message that was taken for the rest: the reading (its place among those of the message), and what of it was refused. */
export interface QuarantinedPart {
  readonly index: number;
  /** Absent: all of the reading. */
  readonly part?: ReadingPart;
}
