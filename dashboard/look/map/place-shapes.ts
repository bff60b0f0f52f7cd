import type { Feature, FeatureCollection, Geometry, Position } from 'geojson';
import { circlePolygon } from './circle-polygon.ts';

export interface PlaceShape {
  readonly id: string;
  readonly name: string;
  /** What is drawn: a polygon, or the middle line of a corridor. */
  readonly geometry: Geometry;
  /** To either side of the line; only for a corridor. */
  readonly corridorMetres: number | null;
  /** The middle: [lon, lat]. */
  readonly anchor: readonly [number, number];
  /** Latitude of its southernmost point, under which the name of a small one stands. */
  readonly south: number;
}

/** West, south, east, north, in degrees. */
export type Bounds = readonly [number, number, number, number];

/** The places of GET /api/v1/places.geojson as shapes on the ground; what has no drawable geometry is left out. */
export function placeShapes(collection: FeatureCollection): readonly PlaceShape[] {
  return collection.features.flatMap((feature) => {
    const shape = shapeOf(feature);
    return shape === null ? [] : [shape];
  });
}

function shapeOf(feature: Feature): PlaceShape | null {
  const properties = feature.properties ?? {};
  const id = String(feature.id ?? properties.id ?? '');
  const name = typeof properties.name === 'string' ? properties.name : id;
  const { geometry } = feature;
  if (geometry.type === 'Point') {
    const [lon, lat] = geometry.coordinates;
    const radius = Number(properties.radiusMetres);
    if (lon === undefined || lat === undefined || !Number.isFinite(radius)) return null;
    const circle = circlePolygon(lat, lon, radius);
    const south = boundsOf([circle])?.[1] ?? lat;
    return { id, name, geometry: circle, corridorMetres: null, anchor: [lon, lat], south };
  }
  const bounds = boundsOf([geometry]);
  if (bounds === null) return null;
  const anchor = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2] as const;
  const corridor = Number(properties.corridorMetres);
  const corridorMetres = geometry.type === 'LineString' && Number.isFinite(corridor) ? corridor : null;
  return { id, name, geometry, corridorMetres, anchor, south: bounds[1] };
}

/** The smallest box around all of them, or null where there is not one corner. */
export function boundsOf(geometries: readonly Geometry[]): Bounds | null {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  const take = ([lon, lat]: Position) => {
    if (lon === undefined || lat === undefined) return;
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  };
  for (const geometry of geometries) for (const position of positionsOf(geometry)) take(position);
  return west <= east ? [west, south, east, north] : null;
}

function* positionsOf(geometry: Geometry): Generator<Position> {
  switch (geometry.type) {
    case 'Point':
      yield geometry.coordinates;
      return;
    case 'MultiPoint':
    case 'LineString':
      yield* geometry.coordinates;
      return;
    case 'MultiLineString':
    case 'Polygon':
      for (const line of geometry.coordinates) yield* line;
      return;
    case 'MultiPolygon':
      for (const polygon of geometry.coordinates) for (const line of polygon) yield* line;
      return;
    case 'GeometryCollection':
      for (const part of geometry.geometries) yield* positionsOf(part);
      return;
  }
}
