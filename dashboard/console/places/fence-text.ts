import type { Geometry } from 'geojson';
import { type Corner, cornerOf, type FenceShape, shapeOf } from './fence-shape.ts';

/** What was typed as a shape, or why it is none. */
export type TypedShape =
  | { readonly ok: true; readonly shape: FenceShape }
  | { readonly ok: false; readonly message: string };

export type TypedCorners =
  | { readonly ok: true; readonly corners: readonly Corner[] }
  | { readonly ok: false; readonly message: string };

/** Corners as they are shown: one a line, latitude first, as maps and navigation show it. */
export function cornersText(corners: readonly Corner[]): string {
  return corners.map(([lon, lat]) => `${lat}, ${lon}`).join('\n');
}

/** Reads corners of lines "latitude, longitude"; empty lines are passed over. */
export function readCorners(text: string): TypedCorners {
  const corners: Corner[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const numbers = line.split(/[\s,;]+/).filter((part) => part !== '');
    const [lat, lon] = numbers.map(Number);
    if (numbers.length !== 2 || lat === undefined || lon === undefined || !isOnEarth(lat, lon))
      return {
        ok: false,
        message: `Line ${index + 1} is no latitude and longitude, such as 45.4642, 9.19: ${line.trim().slice(0, 60)}`,
      };
    corners.push(cornerOf(lon, lat));
  }
  return { ok: true, corners };
}

export const isOnEarth = (lat: number, lon: number): boolean => Math.abs(lat) <= 90 && Math.abs(lon) <= 180;

/** Reads a geometry, a Feature, or a FeatureCollection of one, as GeoJSON. */
export function readGeoJson(text: string): TypedShape {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : 'It is no JSON.' };
  }
  const found = featureIn(document);
  if (found === null)
    return {
      ok: false,
      message: 'It must be a GeoJSON geometry or a Feature. Many at once go in by the import.',
    };
  const shape = shapeOf(found.geometry, found.properties);
  if (shape === null || !hasGoodCorners(shape))
    return {
      ok: false,
      message:
        'Its geometry must be a Point, a LineString, a Polygon or a MultiPolygon with positions [longitude, latitude].',
    };
  return { ok: true, shape };
}

interface Found {
  readonly geometry: Geometry | null;
  readonly properties: { readonly radiusMetres?: unknown; readonly corridorMetres?: unknown } | null;
}

function featureIn(document: unknown): Found | null {
  const { type, features, geometry, properties, coordinates } = (document ?? {}) as {
    readonly type?: unknown;
    readonly features?: unknown;
    readonly geometry?: Geometry;
    readonly properties?: Found['properties'];
    readonly coordinates?: unknown;
  };
  if (type === 'FeatureCollection' && Array.isArray(features) && features.length === 1)
    return featureIn(features[0]);
  if (type === 'Feature') return { geometry: wellFormed(geometry), properties: properties ?? null };
  if (Array.isArray(coordinates)) return { geometry: wellFormed(document as Geometry), properties: null };
  return null;
}

/** How deep the positions lie in the coordinates of each kind. */
const DEPTHS: Readonly<Record<string, number>> = { Point: 0, LineString: 1, Polygon: 2, MultiPolygon: 3 };

/** The geometry where its lists are nested as its type wants it, so that what follows need not ask. */
function wellFormed(geometry: Geometry | null | undefined): Geometry | null {
  const depth = DEPTHS[geometry?.type ?? ''];
  if (depth === undefined || geometry === null || geometry === undefined || !('coordinates' in geometry))
    return null;
  return isNested(geometry.coordinates, depth) ? geometry : null;
}

function isNested(value: unknown, depth: number): boolean {
  if (!Array.isArray(value)) return false;
  if (depth === 0) return typeof value[0] === 'number' && typeof value[1] === 'number';
  return value.length > 0 && value.every((part) => isNested(part, depth - 1));
}

function hasGoodCorners(shape: FenceShape): boolean {
  const corners =
    shape.kind === 'circle'
      ? [shape.centre]
      : shape.kind === 'corridor'
        ? shape.corners
        : shape.polygons.flat(2);
  return corners.length > 0 && corners.every(([lon, lat]) => Math.abs(lat) <= 90 && Math.abs(lon) <= 360);
}
