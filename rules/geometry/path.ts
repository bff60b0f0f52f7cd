import { EARTH_RADIUS_METRES, RADIANS } from './sphere.ts';

/**
 * Longitudes and latitudes in turn, in degrees: `[lon, lat, lon, lat, …]`, 16 bytes a point where a list of pairs takes 80. Longitudes run
 * on over the date line, so they may pass 180. A ring's first and last point are alike. Never changed once it is made.
 */
export type Path = Float64Array;

/** Degrees; longitudes may pass 180. */
export interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** A path may run on beyond ±180°, so a point is looked for on the neighbouring turns of the globe too. */
export const TURNS = [0, 360, -360] as const;

export const lonOf = (path: Path, point: number): number => path[2 * point] ?? Number.NaN;
export const latOf = (path: Path, point: number): number => path[2 * point + 1] ?? Number.NaN;
export const pointsOf = (path: Path): number => path.length / 2;

export function boxOf(path: Path): Box {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let point = 0; point < pointsOf(path); point++) {
    const lon = lonOf(path, point);
    const lat = latOf(path, point);
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  return { west, south, east, north };
}

/**
 * Makes longitudes run on over the date line, in place: where two neighbours are more than 180° apart, the edge is taken to go the
 * shorter way round, and what follows is shifted by 360°. So a ring of Fiji runs from 177 to 181 and not from 177 to −179.
 * (An edge that really spans more than 180° needs a point in between.)
 */
export function unwrap(path: Path): Path {
  let shift = 0;
  for (let point = 1; point < pointsOf(path); point++) {
    const lon = lonOf(path, point);
    const step = lon + shift - lonOf(path, point - 1);
    if (Math.abs(step) > 180) shift -= Math.round(step / 360) * 360;
    path[2 * point] = lon + shift;
  }
  return path;
}

/** Whether an unwrapped ring runs around a pole: then it does not come back to its first longitude but ends 360° beside it. */
export function goesAroundPole(ring: Path): boolean {
  return Math.abs(lonOf(ring, pointsOf(ring) - 1) - lonOf(ring, 0)) >= 180;
}

/** A ring around a pole is closed along the pole on its own side of the equator, so that the plane test holds up to the pole. */
export function closeAroundPole(ring: Path): Path {
  if (!goesAroundPole(ring)) return ring;
  let latitudes = 0;
  for (let point = 0; point < pointsOf(ring); point++) latitudes += latOf(ring, point);
  const pole = latitudes >= 0 ? 90 : -90;
  const first = lonOf(ring, 0);
  return Float64Array.of(...ring, lonOf(ring, pointsOf(ring) - 1), pole, first, pole, first, latOf(ring, 0));
}

/** A hole that was unwrapped on its own may lie 360° beside its outer ring; this brings it home. */
export function shiftNear(hole: Path, outer: Path): Path {
  const near = boxOf(outer);
  const own = boxOf(hole);
  const shift = Math.round(((near.west + near.east) / 2 - (own.west + own.east) / 2) / 360) * 360;
  return shiftPath(hole, shift);
}

export function shiftPath(path: Path, turn: number): Path {
  return turn === 0 ? path : path.map((value, index) => (index % 2 === 0 ? value + turn : value));
}

/** Whether two boxes of the same turn of the globe have a point in common. */
export function touch(a: Box, b: Box): boolean {
  return a.west <= b.east && a.east >= b.west && a.south <= b.north && a.north >= b.south;
}

/**
 * A box round all that lies at most some metres from a box. On a sphere a circle reaches furthest east not at its middle's latitude but
 * nearer to the pole (Bronshtein, "Handbook of Mathematics": sin Δλ = sin r / cos φ). A box that reaches a pole has all longitudes.
 */
export function growBox(box: Box, metres: number): Box {
  if (metres === 0) return box;
  const angle = metres / EARTH_RADIUS_METRES;
  const south = box.south - angle / RADIANS;
  const north = box.north + angle / RADIANS;
  const sine = Math.sin(angle) / Math.cos(Math.max(Math.abs(box.south), Math.abs(box.north)) * RADIANS);
  if (south <= -90 || north >= 90 || !(sine < 1)) {
    return { west: -180, south: Math.max(-90, south), east: 180, north: Math.min(90, north) };
  }
  const width = Math.asin(sine) / RADIANS;
  return { west: box.west - width, south, east: box.east + width, north };
}
