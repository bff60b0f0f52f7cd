import Flatbush from 'flatbush';
import { bandsOf, insideBands, whereInRings } from './inside.ts';
import { nearestOnPath } from './nearest.ts';
import { type Box, boxOf, latOf, lonOf, type Path, pointsOf } from './path.ts';
import { treeOfEdges } from './path-pairs.ts';
import { isNear, pointText, properlyCross, spotOf } from './ring-check.ts';

/** A hole that can't be one; or, with no message, one that says nothing, for it lies in another hole. */
export interface HoleFinding {
  readonly hole: number;
  readonly message: string | null;
}

/** Nearer to an edge than this a point lies on it. */
const ON_EDGE_METRES = 0.01;
/** Pairs of holes whose boxes overlap. Real polygons have a few; only made ones, of thousands of slanted slits, have more. */
const MOST_PAIRS = 50_000;

/**
 * Looks for holes that cross the outer ring or each other, or lie outside of it. Holes may touch it and each other. O(n log n) for n
 * points, unless many holes lie beside each other at a slant; more than {@link MOST_PAIRS} of such are refused.
 */
export function checkHoles(outer: Path, holes: readonly Path[]): readonly HoleFinding[] {
  if (holes.length === 0) return [];
  const findings: HoleFinding[] = [];
  const outerTree = treeOfEdges(outer);
  const bands = bandsOf([outer]);
  const mayBeOutside = (lat: number, lon: number) => bands === null || !insideBands(bands, lat, lon);
  for (const [hole, ring] of holes.entries()) {
    const spot = findCrossing(ring, outer, outerTree);
    if (spot !== null) findings.push({ hole, message: `crosses the outer ring at ${spot}` });
    else {
      const outside = findPoint(ring, outer, 'outside', mayBeOutside);
      if (outside !== null) findings.push({ hole, message: `lies outside the outer ring at ${outside}` });
    }
  }
  if (findings.length > 0) return findings;
  const tree = new Flatbush(holes.length);
  const boxes = holes.map(boxOf);
  for (const { west, south, east, north } of boxes) tree.add(west, south, east, north);
  tree.finish();
  const isIdle = new Set<number>();
  let pairs = 0;
  // The largest first: what lies in it is left out then, and need not be held against the others.
  const size = ({ west, south, east, north }: Box) => (east - west) * (north - south);
  const bySize = [...boxes.entries()].sort(([, a], [, b]) => size(b) - size(a));
  const isDone = new Set<number>();
  for (const [hole, { west, south, east, north }] of bySize) {
    isDone.add(hole);
    if (isIdle.has(hole)) continue;
    const ring = holes[hole] as Path;
    let edges: Flatbush | null = null;
    for (const other of tree.search(west, south, east, north, (index) => !isDone.has(index))) {
      const otherRing = holes[other] as Path;
      if (isIdle.has(other)) continue;
      pairs += 1;
      if (pairs > MOST_PAIRS) {
        const message = 'lies across too many other holes to be checked; make it simpler';
        return [{ hole, message }];
      }
      edges ??= treeOfEdges(ring);
      const crossing = findCrossing(otherRing, ring, edges);
      const outside = findPoint(otherRing, ring, 'outside');
      if (crossing !== null || (outside !== null && findPoint(otherRing, ring, 'inside') !== null)) {
        const spot = crossing ?? outside;
        return [
          { hole: Math.max(hole, other), message: `crosses hole ${Math.min(hole, other) + 1} at ${spot}` },
        ];
      }
      if (outside === null) isIdle.add(other);
      else if (findPoint(ring, otherRing, 'outside') === null) {
        // Its box is no larger than that of the hole that it lies in.
        isIdle.add(hole);
        break;
      }
    }
  }
  return [...isIdle].map((hole) => ({ hole, message: null }));
}

/** Where an edge of a ring crosses one of another, each well between its ends. */
function findCrossing(ring: Path, other: Path, otherTree: Flatbush): string | null {
  let spot: string | null = null;
  for (let edge = 0; edge + 1 < pointsOf(ring); edge++) {
    const { west, south, east, north } = boxOf(ring.subarray(2 * edge, 2 * edge + 4));
    otherTree.collides(west, south, east, north, (index) => {
      const crosses =
        properlyCross(ring, edge, other, index) &&
        !isNear(ring, edge, other, index) &&
        !isNear(ring, edge + 1, other, index) &&
        !isNear(other, index, ring, edge) &&
        !isNear(other, index + 1, ring, edge);
      if (crosses) spot = spotOf(ring, edge, other, index);
      return crosses;
    });
    if (spot !== null) return spot;
  }
  return null;
}

/**
 * A corner or the middle of an edge of a ring that lies on that side of another ring, and not on its edge.
 *
 * @param mayLie a quicker answer that rules most points out
 */
function findPoint(
  ring: Path,
  other: Path,
  side: 'inside' | 'outside',
  mayLie: (lat: number, lon: number) => boolean = () => true,
): string | null {
  for (let edge = 0; edge + 1 < pointsOf(ring); edge++) {
    for (const next of [edge, edge + 1]) {
      const lon = (lonOf(ring, edge) + lonOf(ring, next)) / 2;
      const lat = (latOf(ring, edge) + latOf(ring, next)) / 2;
      if (!mayLie(lat, lon) || whereInRings([other], lat, lon) !== side) continue;
      if (nearestOnPath(other, lat, lon).metres > ON_EDGE_METRES) return pointText(lon, lat);
    }
  }
  return null;
}
