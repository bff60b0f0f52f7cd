import type { Position as Coordinates, Feature, FeatureCollection } from 'geojson';
import type { City, Poi } from './city.ts';
import { distance, type Point, toLatLon } from './plane.ts';
import type { Edge } from './street-graph.ts';
import type { Area } from './street-plan.ts';

/**
 * The city as a base map: parks and river (Polygon) first, then one MultiLineString a street. Each feature has
 * `properties.kind` (street, avenue, ring, river, park) and `properties.name`. Coordinates are lon, lat.
 */
export function cityGeoJson(city: City): FeatureCollection {
  const { plan, graph } = city;
  const streets = new Map<string, { kind: string; edges: Edge[] }>();
  for (const edge of graph.edges) {
    const street = streets.get(edge.street) ?? { kind: edge.kind, edges: [] };
    street.edges.push(edge);
    streets.set(edge.street, street);
  }
  return {
    type: 'FeatureCollection',
    features: [
      ...plan.parks.map((park) => area('park', park)),
      area('river', {
        name: plan.river.name,
        outline: widened(plan.river.centreLine, plan.river.widthMetres / 2),
      }),
      ...[...streets].map(
        ([name, { kind, edges }]): Feature => ({
          type: 'Feature',
          properties: { kind, name },
          geometry: { type: 'MultiLineString', coordinates: chain(edges, graph.nodes) },
        }),
      ),
    ],
  };
}

/** A point of interest as a place Feature of the gateway: a circle with name, tags and the radius in metres. */
export function poiFeature(poi: Poi): Feature {
  return {
    type: 'Feature',
    properties: { name: poi.name, tags: [poi.kind], radiusMetres: poi.radiusMetres },
    geometry: { type: 'Point', coordinates: lonLat(poi.position) },
  };
}

function area(kind: string, { name, outline }: Area): Feature {
  return {
    type: 'Feature',
    properties: { kind, name },
    geometry: { type: 'Polygon', coordinates: [counterClockwise(outline).map(lonLat)] },
  };
}

/** RFC 7946 §3.1.6: outer rings run counterclockwise. */
function counterClockwise(outline: readonly Point[]): readonly Point[] {
  let doubledArea = 0;
  for (let index = 1; index < outline.length; index += 1) {
    const [a, b] = [outline[index - 1] as Point, outline[index] as Point];
    doubledArea += a.x * b.y - b.x * a.y;
  }
  return doubledArea >= 0 ? outline : outline.toReversed();
}

/** Joins edges that were drawn one after the other into long lines. */
function chain(edges: readonly Edge[], nodes: readonly Point[]): Coordinates[][] {
  const lines: number[][] = [];
  for (const { a, b } of edges) {
    const open = lines.at(-1);
    if (open !== undefined && open.at(-1) === a) open.push(b);
    else lines.push([a, b]);
  }
  return lines.map((line) => line.map((node) => lonLat(nodes[node] as Point)));
}

function widened(line: readonly Point[], half: number): Point[] {
  const side = (sign: number) =>
    line.map((point, index) => {
      const before = line[Math.max(0, index - 1)] as Point;
      const after = line[Math.min(line.length - 1, index + 1)] as Point;
      const length = distance(before, after);
      return {
        x: point.x - (sign * half * (after.y - before.y)) / length,
        y: point.y + (sign * half * (after.x - before.x)) / length,
      };
    });
  const outline = [...side(1), ...side(-1).toReversed()];
  return [...outline, outline[0] as Point];
}

function lonLat(point: Point): Coordinates {
  const { lat, lon } = toLatLon(point);
  return [lon, lat];
}
