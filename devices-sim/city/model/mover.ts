import { legAt, lengthOf, type Path, type Spot, spotAt } from './path.ts';

/** Somebody on the way along a path. */
export interface Mover {
  /** Moves on by `seconds`; returns the metres gone. */
  advance(seconds: number): number;
  readonly spot: Spot;
  /** Metres per second. */
  readonly speed: number;
  readonly metresLeft: number;
  readonly arrived: boolean;
}

export interface Agility {
  /** Metres per second squared. */
  readonly acceleration: number;
  readonly braking: number;
}

export const CAR_AGILITY: Agility = { acceleration: 2, braking: 2.5 };
export const WALKER_AGILITY: Agility = { acceleration: 1.5, braking: 1.5 };

/** Steps this short keep a stop within half a metre at town speed. */
const STEP_SECONDS = 0.25;
/** Nearer than this to a stop counts as being there. */
const STOP_METRES = 0.6;

/**
 * Follows a path: accelerates up to the limit of the stretch, and brakes in time for bends and stops
 * (v² = v₀² + 2·a·s, backwards from each point ahead).
 *
 * @param startMetres where on the path to begin
 */
export function createMover(path: Path, agility: Agility, startMetres = 0): Mover {
  const length = lengthOf(path);
  let metres = Math.min(startMetres, length);
  let leg = legAt(path, metres);
  let speed = 0;
  let waitSeconds = 0;
  let stoppedAt = leg;

  const allowedSpeed = (): number => {
    let allowed = path.limits[leg] ?? 0;
    const horizon = speed ** 2 / (2 * agility.braking) + speed + 5;
    for (let ahead = leg + 1; ahead < path.points.length; ahead += 1) {
      const gap = (path.at[ahead] as number) - metres;
      if (gap > horizon) break;
      const passing =
        ahead === stoppedAt
          ? Number.POSITIVE_INFINITY
          : Math.min(path.passing[ahead] ?? 0, path.limits[ahead] ?? Number.POSITIVE_INFINITY);
      allowed = Math.min(allowed, Math.sqrt(passing ** 2 + 2 * agility.braking * Math.max(0, gap)));
    }
    return allowed;
  };

  const step = (seconds: number): void => {
    if (waitSeconds > 0) {
      waitSeconds -= seconds;
      return;
    }
    speed = Math.min(allowedSpeed(), speed + agility.acceleration * seconds);
    metres = Math.min(length, metres + speed * seconds);
    leg = legAt(path, metres);
    const ahead = leg + 1;
    const atStop =
      path.passing[ahead] === 0 && (path.at[ahead] ?? 0) - metres < STOP_METRES && stoppedAt !== ahead;
    if (!atStop) return;
    stoppedAt = ahead;
    speed = 0;
    waitSeconds = path.waits[ahead] ?? 0;
    if (ahead === path.points.length - 1) metres = length;
  };

  return {
    advance(seconds) {
      const before = metres;
      for (let left = seconds; left > 1e-9 && metres < length; left -= STEP_SECONDS)
        step(Math.min(STEP_SECONDS, left));
      return metres - before;
    },
    get spot() {
      return spotAt(path, metres);
    },
    get speed() {
      return metres >= length ? 0 : speed;
    },
    get metresLeft() {
      return length - metres;
    },
    get arrived() {
      return metres >= length;
    },
  };
}
