import type { ApiFieldProblem } from '../../api/request.ts';
import { type Corner, type FenceShape, linesOf } from './fence-shape.ts';

/** Something that is wrong with a shape, and where on the map. */
export interface ShapeProblem {
  readonly at: Corner;
  readonly message: string;
}

/** Every pair of edges is looked at: with more corners than this it would be felt while dragging. The gateway looks at all. */
const MOST_CORNERS = 400;
/** The first few say enough. */
const MOST_SHOWN = 12;

/** Where the edges of a ring cross, so that nobody could say what lies inside. */
export function crossingsOf(shape: FenceShape): readonly ShapeProblem[] {
  if (shape.kind !== 'polygon') return [];
  const found: ShapeProblem[] = [];
  for (const { corners } of linesOf(shape)) {
    if (corners.length < 4 || corners.length > MOST_CORNERS) continue;
    for (let first = 0; first < corners.length; first += 1) {
      for (let second = first + 2; second < corners.length; second += 1) {
        // The last edge ends where the first one begins.
        if (first === 0 && second === corners.length - 1) continue;
        const at = crossing(edge(corners, first), edge(corners, second));
        if (at === null) continue;
        found.push({
          at,
          message: `The edge behind corner ${first + 1} crosses the edge behind corner ${second + 1}`,
        });
        if (found.length === MOST_SHOWN) return found;
      }
    }
  }
  return found;
}

type Edge = readonly [Corner, Corner];

const edge = (corners: readonly Corner[], index: number): Edge => [
  corners[index] as Corner,
  corners[(index + 1) % corners.length] as Corner,
];

/**
 * Where two edges cross, or null. Source: the solution of p + t·r = q + u·s by cross products, t = (q − p) × s / (r × s);
 * parallel edges are taken not to cross.
 */
function crossing([a, b]: Edge, [c, d]: Edge): Corner | null {
  const [rx, ry] = [b[0] - a[0], b[1] - a[1]];
  const [sx, sy] = [d[0] - c[0], d[1] - c[1]];
  const across = rx * sy - ry * sx;
  if (across === 0) return null;
  const t = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / across;
  const u = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / across;
  return t >= 0 && t <= 1 && u >= 0 && u <= 1 ? [a[0] + t * rx, a[1] + t * ry] : null;
}

/** The gateway's problems that name a position, such as `geometry.coordinates.0.3`, at that position. */
export function placedProblems(
  shape: FenceShape,
  problems: readonly ApiFieldProblem[],
): readonly ShapeProblem[] {
  return problems.flatMap(({ path, message }) => {
    const at = positionAt(shape, path);
    return at === null ? [] : [{ at, message }];
  });
}

function positionAt(shape: FenceShape, path: string): Corner | null {
  const numbers = /^geometry\.coordinates((?:\.\d+)*)$/.exec(path)?.[1]?.split('.').slice(1).map(Number);
  if (numbers === undefined) return null;
  switch (shape.kind) {
    case 'circle':
      return shape.centre;
    case 'corridor':
      return shape.corners[numbers[0] ?? 0] ?? null;
    case 'polygon': {
      const indices = shape.polygons.length === 1 ? [0, ...numbers] : numbers;
      const ring = shape.polygons[indices[0] ?? 0]?.[indices[1] ?? 0] ?? [];
      return ring[(indices[2] ?? 0) % Math.max(1, ring.length)] ?? null;
    }
  }
}
