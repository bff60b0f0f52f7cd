import type { Spot } from './path.ts';
import { type LatLon, toLatLon } from './plane.ts';
import type { Random } from './random.ts';

/** What a satellite receiver says: degrees, metres, metres per second, degrees clockwise from north. */
export interface Fix extends LatLon {
  readonly accuracy: number;
  readonly speed: number;
  readonly heading: number;
}

export interface GpsReceiver {
  /** A fix for the true place and motion. */
  fix(spot: Spot, speed: number): Fix;
}

/** A receiver's error wanders: each fix keeps this share of the error of the one before. */
const PERSISTENCE = 0.9;
/** The error never exceeds this, so that a fix can be told from a jump. */
const LARGEST_ERROR_METRES = 12;

/**
 * A receiver whose error is a first-order autoregressive walk, as real ones drift rather than jitter.
 *
 * @param errorMetres standard deviation of the error on each axis
 */
export function createGpsReceiver(random: Random, errorMetres: number): GpsReceiver {
  let error = { x: errorMetres * random.normal(), y: errorMetres * random.normal() };
  const fresh = errorMetres * Math.sqrt(1 - PERSISTENCE ** 2);
  const drift = (old: number) =>
    Math.max(
      -LARGEST_ERROR_METRES,
      Math.min(LARGEST_ERROR_METRES, old * PERSISTENCE + fresh * random.normal()),
    );
  return {
    fix({ point, heading }, speed) {
      error = { x: drift(error.x), y: drift(error.y) };
      return {
        ...toLatLon({ x: point.x + error.x, y: point.y + error.y }),
        accuracy: round1(errorMetres * random.between(1.5, 2.6)),
        // Doppler speed is good to a few per cent; a standing receiver says 0.
        speed: round1(speed === 0 ? 0 : speed * random.between(0.97, 1.03)),
        heading: Math.round(heading) % 360,
      };
    },
  };
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
