import { Type } from '@fastify/type-provider-typebox';
import type { Kysely } from 'kysely';
import type { Bounds } from '../records/place-bounds.ts';
import { placesInView } from '../records/places-in-view.ts';
import type { Schema } from '../records/schema.ts';
import { badField } from './refused.ts';

/** `bbox` as OGC API Features has it: west,south,east,north in degrees; west above east is a box over the date line. */
export const Bbox = Type.String({
  maxLength: 120,
  description: 'west,south,east,north in degrees; west above east lies over the date line',
});

/** A view's places as the text of a FeatureCollection. Throws `bad_request` where the box is none. */
export async function viewText(records: Kysely<Schema>, bbox: string): Promise<string> {
  const view = await placesInView(records, readBox(bbox));
  const features =
    view.kind === 'places'
      ? view.texts
      : view.clusters.map(({ lat, lon, places }) =>
          JSON.stringify({
            type: 'Feature',
            geometry: { type: 'Point', coordinates: [lon, lat] },
            properties: { places },
          }),
        );
  const { extent } = view;
  // RFC 7946 §5: the box around what is told of, here of all places that were matched.
  const box =
    extent === null ? '' : `"bbox":[${[extent.west, extent.south, extent.east, extent.north].join(',')}],`;
  return `{"type":"FeatureCollection",${box}"numberMatched":${view.matched},"features":[${features.join(',')}]}`;
}

/** Longitudes of a box over the date line go on beyond 180. Throws `bad_request` where the text is no box. */
export function readBox(text: string): Bounds {
  const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [west = Number.NaN, south = Number.NaN, east = Number.NaN, north = Number.NaN] = parts;
  const good =
    parts.length === 4 &&
    [west, east].every((lon) => Math.abs(lon) <= 180) &&
    [south, north].every((lat) => Math.abs(lat) <= 90) &&
    south < north &&
    west !== east;
  if (!good) {
    const message =
      'must be west,south,east,north in degrees, such as 9.1,45.4,9.3,45.5: longitudes within ±180, latitudes within ±90, south below north';
    throw badField('query/bbox', message);
  }
  return { west, south, east: west > east ? east + 360 : east, north };
}
