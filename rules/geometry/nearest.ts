import { latOf, lonOf, type Path, pointsOf } from './path.ts';
import { metresBetween, RADIANS, withinTurn } from './sphere.ts';

/** A point on the edge of a shape, and how far it is off. */
export interface EdgePoint {
  readonly lat: number;
  /** Within ±180. */
  readonly lon: number;
  readonly metres: number;
}

/** Beyond this latitude meridians run together so fast that the flat earth of `nearestOnPath` bends within a few kilometres. */
const POLAR_LATITUDE = 80;
const REFINEMENTS = 2;

/**
 * The nearest point of a path, whose edges are straight in longitude and latitude, as the test for inside takes them.
 *
 * The earth around the point is taken as flat, with degrees of longitude as long as at the latitude halfway to the edge's own nearest
 * point (mid-latitude formula); the nearest edge's point is then sought twice more at the scale found there, and the distance
 * to it is the great circle's. That a point of the edge is the nearest one makes the error one of second order: at most 0.01 m + 0.1 %
 * within 100 km and up to 80° (tested against great circles to many points of the edge); beyond 80° edges are walked along.
 *
 * @param lon in the path's own run, that is perhaps beyond 180
 * @param from only the points from this one
 * @param to up to that one are looked at; all where missing
 */
export function nearestOnPath(
  path: Path,
  lat: number,
  lon: number,
  from = 0,
  to = pointsOf(path) - 1,
): EdgePoint {
  if (Math.abs(lat) > POLAR_LATITUDE) return nearestNearPole(path, lat, lon, from, to);
  const cosLat = Math.cos(lat * RADIANS);
  const sinLat = Math.sin(lat * RADIANS);
  let least = Infinity;
  let nearest = from;
  let startX = (lonOf(path, from) - lon) * RADIANS;
  let startY = (latOf(path, from) - lat) * RADIANS;
  for (let point = from + 1; point <= to; point++) {
    const endX = ((path[2 * point] as number) - lon) * RADIANS;
    const endY = ((path[2 * point + 1] as number) - lat) * RADIANS;
    const share = shareOf(startX * cosLat, startY, endX * cosLat, endY);
    const y = startY + share * (endY - startY);
    // cos(lat + y/2) by Taylor's series: a cosine for each edge would cost more than all the rest.
    const scale = cosLat - (sinLat * y) / 2 - (cosLat * y * y) / 8;
    const x = (startX + share * (endX - startX)) * scale;
    const squared = x * x + y * y;
    if (squared < least) {
      least = squared;
      nearest = point - 1;
    }
    startX = endX;
    startY = endY;
  }
  return refine(path, nearest, lat, lon, cosLat);
}

function refine(path: Path, edge: number, lat: number, lon: number, cosLat: number): EdgePoint {
  const startX = lonOf(path, edge) - lon;
  const startY = latOf(path, edge) - lat;
  const next = Math.min(edge + 1, pointsOf(path) - 1);
  const endX = lonOf(path, next) - lon;
  const endY = latOf(path, next) - lat;
  let scale = cosLat;
  let share = 0;
  for (let round = 0; round <= REFINEMENTS; round++) {
    share = shareOf(startX * scale, startY, endX * scale, endY);
    scale = Math.cos((lat + (startY + share * (endY - startY)) / 2) * RADIANS);
  }
  return edgePoint(lat, lon, lat + startY + share * (endY - startY), lon + startX + share * (endX - startX));
}

/** How far along a segment, from 0 to 1, the point nearest to the origin lies. */
function shareOf(startX: number, startY: number, endX: number, endY: number): number {
  const dx = endX - startX;
  const dy = endY - startY;
  const squaredLength = dx * dx + dy * dy;
  return squaredLength === 0 ? 0 : Math.max(0, Math.min(1, -(startX * dx + startY * dy) / squaredLength));
}

function edgePoint(lat: number, lon: number, edgeLat: number, edgeLon: number): EdgePoint {
  return { lat: edgeLat, lon: withinTurn(edgeLon), metres: metresBetween(lat, lon, edgeLat, edgeLon) };
}

const STEP_DEGREES = 0.5;
/** Each narrows by 0.618: from a degree to some millimetres. */
const NARROWINGS = 40;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Walks along every edge in steps, and narrows the best one down by golden sections (Kiefer 1953). */
function nearestNearPole(path: Path, lat: number, lon: number, from: number, to: number): EdgePoint {
  let best = edgePoint(lat, lon, latOf(path, from), lonOf(path, from));
  for (let point = from + 1; point <= to; point++) {
    const [startLon, startLat] = [lonOf(path, point - 1), latOf(path, point - 1)];
    const [dLon, dLat] = [lonOf(path, point) - startLon, latOf(path, point) - startLat];
    const at = (share: number) => edgePoint(lat, lon, startLat + share * dLat, startLon + share * dLon);
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(dLon), Math.abs(dLat)) / STEP_DEGREES));
    let bestStep = 0;
    let least = Infinity;
    for (let step = 0; step <= steps; step++) {
      const { metres } = at(step / steps);
      if (metres < least) {
        least = metres;
        bestStep = step;
      }
    }
    let [low, high] = [Math.max(0, bestStep - 1) / steps, Math.min(steps, bestStep + 1) / steps];
    for (let round = 0; round < NARROWINGS; round++) {
      const inner = high - GOLDEN * (high - low);
      const outer = low + GOLDEN * (high - low);
      if (at(inner).metres < at(outer).metres) high = outer;
      else low = inner;
    }
    for (const share of [bestStep / steps, (low + high) / 2]) {
      const found = at(share);
      if (found.metres < best.metres) best = found;
    }
  }
  return best;
}
