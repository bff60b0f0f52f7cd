import type { Stretch } from './stretch.ts';

/** Points that may wait here; beyond it they are dropped here and read from the journal again. */
const POINTS_WAITING = 100_000;
/** The same in bytes: a reading may be of 300 kB. */
const BYTES_WAITING = 64 * 1024 * 1024;
/** Points a write: enough to make a store fast, few enough to fit its limits. */
const POINTS_A_WRITE = 30_000;
const BYTES_A_WRITE = 16 * 1024 * 1024;

/** What the engine handed over for the telemetry store, in order, up to a bound. */
export interface HandedOver {
  /** Where it begins, or null where nothing waits. */
  readonly afterSeq: number | null;
  readonly points: number;
  /** What these count for, as of a stretch. */
  readonly bytes: number;
  /** Past the bound all of it is dropped instead: the journal has it, up to where later stretches go on. */
  add(stretch: Stretch): void;
  /** The first of it, as one stretch for one write. Not to be called where nothing waits. */
  take(): Stretch;
}

export function createHandedOver(): HandedOver {
  let stretches: Stretch[] = [];
  let points = 0;
  let bytes = 0;
  return {
    get afterSeq() {
      return stretches[0]?.afterSeq ?? null;
    },
    get points() {
      return points;
    },
    get bytes() {
      return bytes;
    },
    add(stretch) {
      if (points + stretch.points.length > POINTS_WAITING || bytes + stretch.bytes > BYTES_WAITING) {
        stretches = [];
        points = 0;
        bytes = 0;
      } else {
        stretches.push(stretch);
        points += stretch.points.length;
        bytes += stretch.bytes;
      }
    },
    take() {
      const [first] = stretches;
      if (first === undefined) throw new Error('nothing was handed over');
      let count = 0;
      const taken = { points: 0, bytes: 0 };
      for (const stretch of stretches) {
        const isTooMuch =
          taken.points + stretch.points.length > POINTS_A_WRITE ||
          taken.bytes + stretch.bytes > BYTES_A_WRITE;
        if (count > 0 && isTooMuch) break;
        count += 1;
        taken.points += stretch.points.length;
        taken.bytes += stretch.bytes;
      }
      const part = stretches.splice(0, count);
      points -= taken.points;
      bytes -= taken.bytes;
      return {
        afterSeq: first.afterSeq,
        upToSeq: part.at(-1)?.upToSeq ?? first.upToSeq,
        points: part.flatMap((stretch) => stretch.points),
        bytes: taken.bytes,
      };
    },
  };
}
