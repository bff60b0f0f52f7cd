import { distance, type Point } from './plane.ts';
import type { Random } from './random.ts';
import { buildStreetGraph, type StreetGraph } from './street-graph.ts';
import { drawStreetPlan, type StreetPlan } from './street-plan.ts';

export type PoiKind = 'fuel_station' | 'cafe' | 'supermarket' | 'pharmacy' | 'gym';

/** A point of interest at a street corner. */
export interface Poi {
  /** For use as a place id: `cafe-3`. */
  readonly id: string;
  readonly kind: PoiKind;
  readonly name: string;
  readonly position: Point;
  /** Corner of the street graph that it stands at. */
  readonly node: number;
  /** Corner nearby where those who come by car leave it; fuel stations are driven up to. */
  readonly parkingNode: number;
  /** Radius of the geofence that suits it. */
  readonly radiusMetres: number;
}

export interface City {
  readonly plan: StreetPlan;
  readonly graph: StreetGraph;
  readonly pois: readonly Poi[];
  /** Corners (three streets or more) within the ring road, where people live and work. */
  readonly corners: readonly number[];
}

interface PoiPlan {
  readonly count: number;
  readonly radiusMetres: number;
  readonly apartMetres: number;
  /** How far from the centre they lie, in metres. */
  readonly reachMetres: number;
  readonly names: readonly string[];
}

const POI_PLANS: Readonly<Record<PoiKind, PoiPlan>> = {
  fuel_station: {
    count: 7,
    radiusMetres: 60,
    apartMetres: 650,
    reachMetres: 2300,
    names: ['Brightfuel', 'Octano', 'Tank & Go'],
  },
  cafe: {
    count: 12,
    radiusMetres: 40,
    apartMetres: 260,
    reachMetres: 1500,
    names: [
      'Café Aurora',
      'Bean There',
      'Café Luna',
      'The Daily Grind',
      'Little Roast',
      'Café Piccolo',
      'Crema',
      'Copper Kettle',
      'Café Rondo',
      'First Sip',
      'Café Sole',
      'Milk & Mocha',
    ],
  },
  supermarket: {
    count: 6,
    radiusMetres: 70,
    apartMetres: 600,
    reachMetres: 1900,
    names: ['Grano Market', 'FreshLane', 'Korb & Co'],
  },
  pharmacy: {
    count: 3,
    radiusMetres: 35,
    apartMetres: 700,
    reachMetres: 1400,
    names: ['Linden Pharmacy', 'Castle Pharmacy', 'Swan Pharmacy'],
  },
  gym: {
    count: 4,
    radiusMetres: 50,
    apartMetres: 700,
    reachMetres: 1700,
    names: ['Pulse Gym', 'Iron Mill', 'Studio Vita', 'The Boathouse Gym'],
  },
};
/** From the corner to the door. */
const DOOR_METRES = 20;

/** Builds the city that belongs to a seed: streets, water, parks and points of interest. */
export function createCity(random: Random): City {
  const plan = drawStreetPlan(random.fork('streets'));
  const graph = buildStreetGraph(plan);
  const corners = graph.nodes.flatMap((node, index) =>
    (graph.edgesOf[index]?.length ?? 0) >= 3 && distance(node, { x: 0, y: 0 }) < 2300 ? [index] : [],
  );
  return { plan, graph, corners, pois: placePois(graph, corners, random.fork('pois')) };
}

function placePois(graph: StreetGraph, corners: readonly number[], random: Random): Poi[] {
  const pois: Poi[] = [];
  for (const [kind, plan] of Object.entries(POI_PLANS) as [PoiKind, PoiPlan][]) {
    const own: Poi[] = [];
    for (const node of random.shuffle(corners)) {
      if (own.length === plan.count) break;
      const corner = graph.nodes[node] as Point;
      const clear =
        distance(corner, { x: 0, y: 0 }) < plan.reachMetres &&
        own.every((poi) => distance(poi.position, corner) > plan.apartMetres) &&
        pois.every((poi) => distance(poi.position, corner) > poi.radiusMetres + plan.radiusMetres + 30);
      if (!clear) continue;
      const angle = random.between(0, 2 * Math.PI);
      const name = plan.names[own.length % plan.names.length] as string;
      const street = graph.edges[graph.edgesOf[node]?.[0] ?? 0]?.street ?? '';
      own.push({
        id: `${kind.replace('_', '-')}-${own.length + 1}`,
        kind,
        name: own.length < plan.names.length && plan.names.length >= plan.count ? name : `${name}, ${street}`,
        position: {
          x: corner.x + DOOR_METRES * Math.cos(angle),
          y: corner.y + DOOR_METRES * Math.sin(angle),
        },
        node,
        parkingNode: kind === 'fuel_station' ? node : parkingNear(graph, node, random),
        radiusMetres: plan.radiusMetres,
      });
    }
    pois.push(...own);
  }
  return pois;
}

/** A corner one or two stretches away, so that the last bit is walked. */
export function parkingNear(graph: StreetGraph, node: number, random: Random): number {
  const start = graph.nodes[node] as Point;
  const ring = neighboursOf(graph, node).flatMap((next) => [next, ...neighboursOf(graph, next)]);
  const fitting = ring.filter((candidate) => {
    const metres = distance(graph.nodes[candidate] as Point, start);
    return metres > 50 && metres < 170;
  });
  return fitting.length === 0 ? node : random.pick(fitting);
}

function neighboursOf(graph: StreetGraph, node: number): number[] {
  return (graph.edgesOf[node] ?? []).flatMap((index) => {
    const edge = graph.edges[index];
    return edge === undefined ? [] : [edge.a === node ? edge.b : edge.a];
  });
}
