import type { Stretch } from './stretch.ts';

/** Points that may wait here; beyond it they are dropped here and read from the journal again. */
const POINTS_WAITING = 100_000;
/** Points a write: enough to make a store fast, few enough to fit its limits. */
const POINTS_A_WRITE = 30_000;

/** What the engine handed over for the telemetry store, in order, up to a bound. */
export interface HandedOver {
  /** Where it begins, or null where nothing waits. */
  readonly afterSeq: number | null;
  readonly points: number;
  /** Past the bound all of it is dropped instead: the journal has it, up to where later stretches go on. */
  add(stretch: Stretch): void;
  /** The first of it, as one stretch for one write. Not to be called where nothing waits. */
  take(): Stretch;
}

export function createHandedOver(): HandedOver {
  let stretches: Stretch[] = [];
  let points = 0;
  return {
    get afterSeq() {
      return stretches[0]?.afterSeq ?? null;
    },
    get points() {
      return points;
    },
    add(stretch) {
      if (points + stretch.points.length > POINTS_WAITING) {
        stretches = [];
        points = 0;
      } else {
        stretches.push(stretch);
        points += stretch.points.length;
      }
    },
    take() {
      const [first] = stretches;
      if (first === undefined) throw new Error('nothing was handed over');
      let count = 0;
      let taken = 0;
      for (const stretch of stretches) {
        if (count > 0 && taken + stretch.points.length > POINTS_A_WRITE) break;
        count += 1;
        taken += stretch.points.length;
      }
      const part = stretches.splice(0, count);
      points -= taken;
      const upToSeq = part.at(-1)?.upToSeq ?? first.upToSeq;
      return { afterSeq: first.afterSeq, upToSeq, points: part.flatMap((stretch) => stretch.points) };
    },
  };
}
