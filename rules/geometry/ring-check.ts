import { nearestOnPath } from './nearest.ts';
import { goesAroundPole, latOf, lonOf, type Path, pointsOf } from './path.ts';
import { edgeOf, sideOf, treeOfEdges } from './path-pairs.ts';
import { withinTurn } from './sphere.ts';

/** A ring without what says nothing, and where its points stood in the document. */
export interface CleanRing {
  readonly path: Path;
  /** Position in the document of the point that each edge starts from. */
  readonly positions: readonly number[];
}

/** Edges that come nearer than this to each other touch; coordinates are often cut off after the sixth or seventh digit. */
const TOUCH_METRES = 0.01;
/** At least as much, in degrees of longitude up to 80° of latitude; nearer to the poles touching counts for less. */
const TOUCH_DEGREES = 6e-7;
/** Some 0.1 s. Real rings have a few for each edge; only a made one, where all edges lie across all others, has more. */
const MOST_PAIRS = 2_000_000;

/**
 * Takes out of an unwrapped ring what its maker did not mean: points that repeat the one before, and spikes, where the ring runs to a point
 * and straight back. Neither encloses anything.
 */
export function cleanRing(ring: Path): CleanRing {
  const isOpen = goesAroundPole(ring);
  const kept: number[] = [];
  const dropTail = (): boolean => {
    const [a, b, c] = kept.slice(-3);
    const last = kept.length - 1;
    if (last >= 1 && isSame(ring, kept[last - 1] as number, kept[last] as number)) kept.splice(-2, 1);
    else if (a !== undefined && b !== undefined && c !== undefined && isSpike(ring, a, b, c)) {
      kept.splice(-2, 1);
    } else return false;
    return true;
  };
  const points = isOpen ? pointsOf(ring) : pointsOf(ring) - 1;
  for (let point = 0; point < points; point++) {
    kept.push(point);
    while (dropTail());
  }
  if (!isOpen) closeUp(ring, kept);
  const path = new Float64Array(2 * (isOpen ? kept.length : kept.length + 1));
  for (const [index, point] of (isOpen ? kept : [...kept, kept[0] ?? 0]).entries()) {
    path.set([lonOf(ring, point), latOf(ring, point)], 2 * index);
  }
  return { path, positions: kept };
}

/** Where the end of a closed ring meets its start. */
function closeUp(ring: Path, kept: number[]): void {
  while (kept.length > 2) {
    const [first, second] = kept as [number, number, ...number[]];
    const [beforeLast, last] = kept.slice(-2) as [number, number];
    if (isSame(ring, last, first) || isSpike(ring, beforeLast, last, first)) kept.pop();
    else if (isSpike(ring, last, first, second)) kept.shift();
    else return;
  }
}

function isSame(ring: Path, a: number, b: number): boolean {
  return lonOf(ring, a) === lonOf(ring, b) && latOf(ring, a) === latOf(ring, b);
}

function isSpike(ring: Path, a: number, b: number, c: number): boolean {
  return sideOf(ring, a, b, ring, c) === 0 && along(ring, b, a, c) > 0;
}

/** Above 0 where two points lie on the same side as seen from a third. */
function along(ring: Path, from: number, a: number, b: number): number {
  const lon = lonOf(ring, from);
  const lat = latOf(ring, from);
  return (lonOf(ring, a) - lon) * (lonOf(ring, b) - lon) + (latOf(ring, a) - lat) * (latOf(ring, b) - lat);
}

/**
 * What makes a ring mean nothing plain: edges that cross, also at a corner of either (a bow tie), or that run over each other the same way. A
 * ring may touch itself, and may run back along itself, as one does that goes to a hole and returns: what it encloses is plain then.
 *
 * @returns a message that names the edges, by the position of the point that each starts from, and the spot; or null
 */
export function findSelfCrossing(ring: CleanRing): string | null {
  const { path } = ring;
  const edges = pointsOf(path) - 1;
  const isOpen = goesAroundPole(path);
  const tree = treeOfEdges(path);
  let pairs = 0;
  let trouble: string | null = null;
  for (let edge = 0; edge < edges && trouble === null; edge++) {
    const [lon1, lat1] = [lonOf(path, edge), latOf(path, edge)];
    const [lon2, lat2] = [lonOf(path, edge + 1), latOf(path, edge + 1)];
    tree.collides(
      Math.min(lon1, lon2) - TOUCH_DEGREES,
      Math.min(lat1, lat2) - TOUCH_DEGREES,
      Math.max(lon1, lon2) + TOUCH_DEGREES,
      Math.max(lat1, lat2) + TOUCH_DEGREES,
      (other) => {
        const isNeighbour = other === edge + 1 || (!isOpen && edge === 0 && other === edges - 1);
        if (other <= edge || isNeighbour) return false;
        pairs += 1;
        if (pairs <= MOST_PAIRS && (isAside(path, edge, other) || isAside(path, other, edge))) return false;
        if (pairs > MOST_PAIRS)
          trouble = 'lies across itself in too many places to be checked; make it simpler';
        else trouble = describe(ring, edge, other, isOpen);
        return trouble !== null;
      },
    );
  }
  return trouble;
}

/** Whether an edge lies wholly on one side of the line of another, and does not touch it: a quick answer for most pairs. */
function isAside(path: Path, line: number, edge: number): boolean {
  const [x, y] = [path[2 * line] as number, path[2 * line + 1] as number];
  const [dx, dy] = [(path[2 * line + 2] as number) - x, (path[2 * line + 3] as number) - y];
  const start = dx * ((path[2 * edge + 1] as number) - y) - dy * ((path[2 * edge] as number) - x);
  const end = dx * ((path[2 * edge + 3] as number) - y) - dy * ((path[2 * edge + 2] as number) - x);
  return (
    start > 0 === end > 0 && Math.min(Math.abs(start), Math.abs(end)) > TOUCH_DEGREES * Math.hypot(dx, dy)
  );
}

function describe(ring: CleanRing, a: number, b: number, isOpen: boolean): string | null {
  const { path, positions } = ring;
  const verdict = meetingOf(path, a, b, isOpen);
  if (verdict === null) return null;
  const what = verdict === 'cross' ? 'cross' : 'run over each other';
  return `edges ${positions[a]} and ${positions[b]} ${what} at ${spotOf(path, a, path, b)}${verdict === 'cross' ? ', as in a bow tie' : ''}`;
}

/** Longitude and latitude of where two edges meet, as in the document. */
export function spotOf(a: Path, edgeA: number, b: Path, edgeB: number): string {
  const [x, y] = [lonOf(a, edgeA), latOf(a, edgeA)];
  const [dx, dy] = [lonOf(a, edgeA + 1) - x, latOf(a, edgeA + 1) - y];
  const [u, v] = [lonOf(b, edgeB), latOf(b, edgeB)];
  const [du, dv] = [lonOf(b, edgeB + 1) - u, latOf(b, edgeB + 1) - v];
  const across = dx * dv - dy * du;
  const share = across === 0 ? 0 : Math.max(0, Math.min(1, ((u - x) * dv - (v - y) * du) / across));
  return pointText(x + share * dx, y + share * dy);
}

export function pointText(lon: number, lat: number): string {
  return `${Number(withinTurn(lon).toFixed(6))}, ${Number(lat.toFixed(6))}`;
}

function meetingOf(path: Path, a: number, b: number, isOpen: boolean): 'cross' | 'overlap' | null {
  const startA = isNear(path, a, path, b);
  const endA = isNear(path, a + 1, path, b);
  const startB = isNear(path, b, path, a);
  const endB = isNear(path, b + 1, path, a);
  if (!startA && !endA && !startB && !endB) return properlyCross(path, a, path, b) ? 'cross' : null;
  if (runsOver(path, a, b, [startA && a, endA && a + 1, startB && b, endB && b + 1])) return 'overlap';
  const before = (edge: number) => (edge > 0 ? edge - 1 : isOpen ? 0 : pointsOf(path) - 2);
  // Each corner is the start of one edge, so looking at starts looks at each corner once.
  if (startA && startB && isAt(path, a, b)) {
    return passesThrough(path, a, [before(a), a + 1], [before(b), b + 1]) ? 'cross' : null;
  }
  if (startB && !isAt(path, b, a) && !isAt(path, b, a + 1)) {
    if (areOpposite(path, a, before(b), b + 1)) return 'cross';
  }
  if (startA && !isAt(path, a, b) && !isAt(path, a, b + 1)) {
    if (areOpposite(path, b, before(a), a + 1)) return 'cross';
  }
  return null;
}

/** Whether two edges cross between their ends. */
export function properlyCross(a: Path, edgeA: number, b: Path, edgeB: number): boolean {
  return (
    sideOf(a, edgeA, edgeA + 1, b, edgeB) * sideOf(a, edgeA, edgeA + 1, b, edgeB + 1) < 0 &&
    sideOf(b, edgeB, edgeB + 1, a, edgeA) * sideOf(b, edgeB, edgeB + 1, a, edgeA + 1) < 0
  );
}

/** Whether a point of a path is as good as on an edge of another. */
export function isNear(path: Path, point: number, other: Path, edge: number): boolean {
  const found = nearestOnPath(edgeOf(other, edge), latOf(path, point), lonOf(path, point));
  return found.metres <= TOUCH_METRES;
}

/** Whether two points of a path are as good as one. */
function isAt(path: Path, a: number, b: number): boolean {
  const only = Float64Array.of(lonOf(path, b), latOf(path, b));
  return nearestOnPath(only, latOf(path, a), lonOf(path, a)).metres <= TOUCH_METRES;
}

/** Whether two edges lie on each other for a while and run the same way, given the ends that lie on the other edge. */
function runsOver(path: Path, a: number, b: number, ends: readonly (number | false)[]): boolean {
  const [first, ...others] = ends.filter((end) => end !== false);
  if (first === undefined || others.every((end) => isAt(path, first, end))) return false;
  const [dx, dy] = [lonOf(path, a + 1) - lonOf(path, a), latOf(path, a + 1) - latOf(path, a)];
  const [du, dv] = [lonOf(path, b + 1) - lonOf(path, b), latOf(path, b + 1) - latOf(path, b)];
  return dx * du + dy * dv > 0;
}

/** Whether two points lie on opposite sides of an edge, and neither on its line. */
function areOpposite(path: Path, edge: number, p: number, q: number): boolean {
  return (
    !isNear(path, p, path, edge) &&
    !isNear(path, q, path, edge) &&
    sideOf(path, edge, edge + 1, path, p) * sideOf(path, edge, edge + 1, path, q) < 0
  );
}

/** Whether the way through a corner changes sides of another way through it: just one end of it lies in the other's angle. */
function passesThrough(
  path: Path,
  corner: number,
  [p, q]: readonly [number, number],
  other: readonly [number, number],
): boolean {
  const angle = (point: number) =>
    Math.atan2(latOf(path, point) - latOf(path, corner), lonOf(path, point) - lonOf(path, corner));
  const turn = 2 * Math.PI;
  const from = angle(p);
  const between = (point: number) => (((angle(point) - from) % turn) + turn) % turn;
  const width = between(q);
  const [one, two] = other.map(between) as [number, number];
  // Ways that share a direction touch.
  const isShared = (at: number) =>
    at < SAME_DIRECTION || at > turn - SAME_DIRECTION || Math.abs(at - width) < SAME_DIRECTION;
  return !isShared(one) && !isShared(two) && one < width !== two < width;
}

/** Radians. */
const SAME_DIRECTION = 1e-9;
