import type { City } from './city.ts';
import { between, distance, headingOf, type Point, turnBetween } from './plane.ts';
import type { Random } from './random.ts';
import { findRoute, SPEED_LIMITS } from './route.ts';

/** A way to go along, with what limits the speed on it. */
export interface Path {
  readonly points: readonly Point[];
  /** Metres from the start at each point. */
  readonly at: readonly number[];
  /** Metres per second allowed on the stretch that begins at each point. */
  readonly limits: readonly number[];
  /** Metres per second allowed at each point itself: less in bends, 0 at a stop. */
  readonly passing: readonly number[];
  /** Seconds to wait at each point where `passing` is 0. */
  readonly waits: readonly number[];
}

/** Comfortable speed around a street corner. */
const CORNER_SPEED = 5;
const SHARP_TURN_DEGREES = 35;
const STOP_CHANCE = 0.22;

/** Where somebody on a path is. */
export interface Spot {
  readonly point: Point;
  /** Degrees clockwise from north. */
  readonly heading: number;
}

/** The quickest drive between two corners, with stops at some of the corners on the way (lights, right of way). */
export function drivingPath(city: City, from: number, to: number, random: Random): Path {
  const route = findRoute(city.graph, from, to, 'drive');
  const points = route.nodes.map((node) => city.graph.nodes[node] as Point);
  const passing: number[] = [];
  const waits: number[] = [];
  route.nodes.forEach((node, index) => {
    const isEnd = index === 0 || index === route.nodes.length - 1;
    const isCorner = (city.graph.edgesOf[node]?.length ?? 0) > 2;
    const turn = isEnd
      ? 0
      : turnBetween(
          headingOf(points[index - 1] as Point, points[index] as Point),
          headingOf(points[index] as Point, points[index + 1] as Point),
        );
    const stops = !isEnd && isCorner && random.chance(STOP_CHANCE);
    passing.push(isEnd || stops ? 0 : turn > SHARP_TURN_DEGREES ? CORNER_SPEED : SPEED_LIMITS.ring);
    waits.push(stops ? random.between(2, 14) : 0);
  });
  return {
    points,
    at: distancesAlong(points),
    limits: route.edges.map((edge) => SPEED_LIMITS[edge.kind]),
    passing,
    waits,
  };
}

/** A walk from one point to another: to the nearest given corner, along the streets, and to the door. */
export function walkingPath(
  city: City,
  from: { point: Point; node: number },
  to: { point: Point; node: number },
  walkingSpeed: number,
): Path {
  const route = findRoute(city.graph, from.node, to.node, 'walk');
  const points = [from.point, ...route.nodes.map((node) => city.graph.nodes[node] as Point), to.point];
  return {
    points,
    at: distancesAlong(points),
    limits: points.map(() => walkingSpeed),
    passing: points.map((_, index) => (index === points.length - 1 ? 0 : walkingSpeed)),
    waits: points.map(() => 0),
  };
}

export function lengthOf(path: Path): number {
  return path.at.at(-1) ?? 0;
}

/** The point `metres` from the start of a path, and which way it runs there. */
export function spotAt(path: Path, metres: number): Spot {
  const leg = legAt(path, metres);
  const [a, b] = [path.points[leg] as Point, (path.points[leg + 1] ?? path.points[leg]) as Point];
  const length = distance(a, b);
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, (metres - (path.at[leg] ?? 0)) / length));
  return { point: between(a, b, share), heading: headingOf(a, b) };
}

/** Index of the stretch on which `metres` lies. */
export function legAt(path: Path, metres: number): number {
  let leg = 0;
  while (leg < path.points.length - 2 && (path.at[leg + 1] ?? 0) <= metres) leg += 1;
  return leg;
}

function distancesAlong(points: readonly Point[]): number[] {
  const at = [0];
  for (let index = 1; index < points.length; index += 1) {
    at.push((at[index - 1] as number) + distance(points[index - 1] as Point, points[index] as Point));
  }
  return at;
}
