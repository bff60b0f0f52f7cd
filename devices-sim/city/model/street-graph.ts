import inPolygon from 'point-in-polygon-hao';
import { between, crossing, distance, distanceToLine, type Point } from './plane.ts';
import type { StreetKind, StreetPlan } from './street-plan.ts';

/** A stretch of street between two neighbouring corners (or bends). */
export interface Edge {
  readonly a: number;
  readonly b: number;
  readonly lengthMetres: number;
  readonly street: string;
  readonly kind: StreetKind;
}

/** All streets as a connected network: whoever stands at one node can reach every other. */
export interface StreetGraph {
  readonly nodes: readonly Point[];
  readonly edges: readonly Edge[];
  /** For each node the indices of its edges. */
  readonly edgesOf: readonly (readonly number[])[];
}

/** Corners nearer to each other than this become one. */
const SNAP_METRES = 16;
/** Dead ends shorter than this are leftovers of drawing, not streets. */
const SHORTEST_DEAD_END_METRES = 70;
/** Cell of the look-up grid for crossings; segments are at most about 120 m long. */
const CELL_METRES = 160;

interface Segment {
  readonly a: Point;
  readonly b: Point;
  readonly street: number;
  readonly cuts: number[];
}

/** Finds every corner of a plan, leaves out what lies in parks and in the river, and keeps the largest connected part. */
export function buildStreetGraph(plan: StreetPlan): StreetGraph {
  const segments = cutAtCrossings(
    plan.streets.flatMap((street, index) =>
      street.lines.flatMap((line) =>
        line.slice(1).map((b, at): Segment => ({ a: line[at] as Point, b, street: index, cuts: [0, 1] })),
      ),
    ),
  );
  const nodes = new NodeSet();
  const edges = new Map<string, Edge>();
  for (const segment of segments) {
    const cuts = segment.cuts.toSorted((x, y) => x - y);
    for (let index = 1; index < cuts.length; index += 1) {
      const from = between(segment.a, segment.b, cuts[index - 1] as number);
      const to = between(segment.a, segment.b, cuts[index] as number);
      const street = plan.streets[segment.street];
      if (street === undefined || isBlocked(plan, street, from, to)) continue;
      const [a, b] = [nodes.idOf(from), nodes.idOf(to)];
      const key = a < b ? `${a} ${b}` : `${b} ${a}`;
      if (a === b || edges.has(key)) continue;
      const lengthMetres = distance(nodes.points[a] as Point, nodes.points[b] as Point);
      edges.set(key, { a, b, lengthMetres, street: street.name, kind: street.kind });
    }
  }
  return largestPart(nodes.points, withoutStubs([...edges.values()]));
}

/** Adds to each segment the shares at which others cross it. */
function cutAtCrossings(segments: readonly Segment[]): readonly Segment[] {
  const cells = new Map<string, number[]>();
  segments.forEach((segment, index) => {
    const columns = [
      Math.floor(Math.min(segment.a.x, segment.b.x) / CELL_METRES),
      Math.floor(Math.max(segment.a.x, segment.b.x) / CELL_METRES),
    ] as const;
    const rows = [
      Math.floor(Math.min(segment.a.y, segment.b.y) / CELL_METRES),
      Math.floor(Math.max(segment.a.y, segment.b.y) / CELL_METRES),
    ] as const;
    const near = new Set<number>();
    for (let column = columns[0]; column <= columns[1]; column += 1) {
      for (let row = rows[0]; row <= rows[1]; row += 1) {
        const key = `${column} ${row}`;
        const cell = cells.get(key) ?? [];
        for (const other of cell) near.add(other);
        cell.push(index);
        cells.set(key, cell);
      }
    }
    for (const other of near) {
      const partner = segments[other] as Segment;
      const met = crossing(segment.a, segment.b, partner.a, partner.b);
      if (met === null) continue;
      segment.cuts.push(met.first);
      partner.cuts.push(met.second);
    }
  });
  return segments;
}

function isBlocked(
  plan: StreetPlan,
  street: { kind: StreetKind; bridges: boolean },
  from: Point,
  to: Point,
): boolean {
  const middle = between(from, to, 0.5);
  const bank = plan.river.widthMetres / 2;
  const wet = [from, middle, to].some((point) => distanceToLine(point, plan.river.centreLine) < bank + 8);
  if (wet && !street.bridges) return true;
  if (street.kind !== 'street') return false;
  return plan.parks.some(
    (park) => inPolygon([middle.x, middle.y], [park.outline.map(({ x, y }) => [x, y])]) !== false,
  );
}

/** Points by position: one that lies within SNAP_METRES of a known one is that one. */
class NodeSet {
  readonly points: Point[] = [];
  readonly #cells = new Map<string, number[]>();

  idOf(point: Point): number {
    const [column, row] = [Math.floor(point.x / SNAP_METRES), Math.floor(point.y / SNAP_METRES)];
    for (let c = column - 1; c <= column + 1; c += 1) {
      for (let r = row - 1; r <= row + 1; r += 1) {
        for (const id of this.#cells.get(`${c} ${r}`) ?? []) {
          if (distance(this.points[id] as Point, point) < SNAP_METRES) return id;
        }
      }
    }
    const id = this.points.push(point) - 1;
    const key = `${column} ${row}`;
    this.#cells.set(key, [...(this.#cells.get(key) ?? []), id]);
    return id;
  }
}

function withoutStubs(edges: readonly Edge[]): readonly Edge[] {
  const degree = new Map<number, number>();
  for (const { a, b } of edges) {
    degree.set(a, (degree.get(a) ?? 0) + 1);
    degree.set(b, (degree.get(b) ?? 0) + 1);
  }
  const kept = edges.filter(
    ({ a, b, lengthMetres }) =>
      lengthMetres >= SHORTEST_DEAD_END_METRES || (degree.get(a) !== 1 && degree.get(b) !== 1),
  );
  return kept.length === edges.length ? kept : withoutStubs(kept);
}

function largestPart(points: readonly Point[], edges: readonly Edge[]): StreetGraph {
  const neighbours = new Map<number, number[]>();
  for (const { a, b } of edges) {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  }
  const seen = new Set<number>();
  let largest: number[] = [];
  for (const start of neighbours.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    const part = [start];
    for (const node of part) {
      for (const next of neighbours.get(node) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        part.push(next);
      }
    }
    if (part.length > largest.length) largest = part;
  }
  const renumbered = new Map(largest.map((old, index) => [old, index]));
  const kept = edges.flatMap((edge): Edge[] => {
    const [a, b] = [renumbered.get(edge.a), renumbered.get(edge.b)];
    return a === undefined || b === undefined ? [] : [{ ...edge, a, b }];
  });
  const edgesOf: number[][] = largest.map(() => []);
  kept.forEach(({ a, b }, index) => {
    edgesOf[a]?.push(index);
    edgesOf[b]?.push(index);
  });
  return { nodes: largest.map((old) => points[old] as Point), edges: kept, edgesOf };
}
