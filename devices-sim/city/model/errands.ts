import { type City, type Poi, type PoiKind, parkingNear } from './city.ts';
import type { Resident } from './people.ts';
import { distance, type Point } from './plane.ts';
import type { Random } from './random.ts';

export type ErrandKind = PoiKind | 'home' | 'work';

/** A reason to go somewhere, and how long to stay. */
export interface Errand {
  readonly kind: ErrandKind;
  /** The spot in the house where the person stays. */
  readonly door: { readonly point: Point; readonly node: number };
  readonly parkingNode: number;
  readonly staySeconds: number;
}

/** Days are short here: a whole one, from home to work, café and shops, passes in a quarter of an hour. */
const STAY_SECONDS: Readonly<Record<ErrandKind, readonly [number, number]>> = {
  home: [30, 110],
  work: [40, 120],
  cafe: [30, 100],
  supermarket: [60, 140],
  gym: [70, 160],
  pharmacy: [25, 60],
  fuel_station: [0, 0],
};
const WEIGHTS: readonly (readonly [ErrandKind, number])[] = [
  ['cafe', 4],
  ['supermarket', 2.5],
  ['work', 2],
  ['gym', 1.6],
  ['home', 1.5],
  ['pharmacy', 0.8],
];
/** Share of the tank below which drivers look for a station. */
export const LOW_FUEL = 0.15;
/** Share below which nobody puts it off. */
export const RESERVE_FUEL = 0.05;
/** People go to one of this many nearest places of a kind. */
const NEAREST = 3;

export interface ErrandChooser {
  /** What to do next, for somebody at `here` who just did `last` (null at the start). */
  next(here: Point, last: ErrandKind | null, fuel: number): Errand;
}

export function createErrandChooser(city: City, resident: Resident, random: Random): ErrandChooser {
  const home = house(city, resident.homeNode, resident.homeNode, random);
  const work = house(city, resident.workNode, parkingNear(city.graph, resident.workNode, random), random);

  const toPoi = (kind: PoiKind, here: Point): Errand => {
    const near = city.pois
      .filter((poi) => poi.kind === kind)
      .sort((a, b) => distance(a.position, here) - distance(b.position, here))
      .slice(0, NEAREST);
    const poi = random.pick<Poi>(near);
    // At a filling station people stay with the car.
    const point = kind === 'fuel_station' ? (city.graph.nodes[poi.node] as Point) : poi.position;
    return {
      kind,
      door: { point, node: poi.node },
      parkingNode: poi.parkingNode,
      staySeconds: stay(kind, random),
    };
  };

  return {
    next(here, last, fuel) {
      const wantsFuel = fuel < RESERVE_FUEL || (fuel < LOW_FUEL && random.chance(0.8));
      if (wantsFuel && last !== 'fuel_station') return toPoi('fuel_station', here);
      // Groceries are mostly taken home at once.
      if (last === 'supermarket' && random.chance(0.7))
        return { kind: 'home', ...home, staySeconds: stay('home', random) };
      const kind = weighted(
        WEIGHTS.filter(([candidate]) => candidate !== last),
        random,
      );
      if (kind === 'home') return { kind, ...home, staySeconds: stay(kind, random) };
      if (kind === 'work') return { kind, ...work, staySeconds: stay(kind, random) };
      return toPoi(kind, here);
    },
  };
}

function house(
  city: City,
  node: number,
  parkingNode: number,
  random: Random,
): Pick<Errand, 'door' | 'parkingNode'> {
  const corner = city.graph.nodes[node] as Point;
  const angle = random.between(0, 2 * Math.PI);
  return {
    door: { node, point: { x: corner.x + 22 * Math.cos(angle), y: corner.y + 22 * Math.sin(angle) } },
    parkingNode,
  };
}

function stay(kind: ErrandKind, random: Random): number {
  return random.between(...STAY_SECONDS[kind]);
}

function weighted<T>(items: readonly (readonly [T, number])[], random: Random): T {
  let left = random.between(
    0,
    items.reduce((sum, [, weight]) => sum + weight, 0),
  );
  for (const [item, weight] of items) {
    left -= weight;
    if (left < 0) return item;
  }
  const last = items.at(-1);
  if (last === undefined) throw new RangeError('nothing to choose from');
  return last[0];
}
