import { collecting, join, readFields, readId, readList, readText } from '../document/document.ts';
import type { Parsed } from '../document/problem.ts';
import { type PlaceGeometry, readPlaceGeometry } from '../geometry/geojson.ts';
import { isTimezone } from '../time/local-time.ts';

/** A named geofence. */
export interface Place {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  /** As written; kept for display. */
  readonly openingHours: string | null;
  /** IANA zone, or null. */
  readonly timezone: string | null;
  readonly geometry: PlaceGeometry;
}

const PROPERTIES = ['name', 'tags', 'radiusMetres', 'corridorMetres', 'openingHours', 'timezone'];
const MOST_TAGS = 32;
const TAG = /^[^\s,]{1,64}$/u;

/**
 * Reads a place from a GeoJSON Feature: a Point with `properties.radiusMetres`, a Polygon, a MultiPolygon or a LineString with
 * `properties.corridorMetres`, and in its `properties` `name` (the id where missing), `tags`, `openingHours`, `timezone`. Properties of other makers are ignored,
 * save for near misses of ours, which are reported.
 *
 * @param isSaved it comes from the records: its rings were looked through when it was saved
 */
export function parsePlace(
  id: string,
  feature: unknown,
  { isSaved = false }: { readonly isSaved?: boolean } = {},
): Parsed<Place> {
  return collecting((report) => {
    const placeId = readId(id, 'id', report);
    const fields = readFields(feature, '', null, report);
    if (fields === null) return null;
    if (fields.type !== 'Feature') report('type', 'must be "Feature" (GeoJSON)');
    const properties = readFields(fields.properties ?? {}, 'properties', null, report) ?? {};
    for (const name of Object.keys(properties)) {
      const meant = PROPERTIES.find((known) => known !== name && known.toLowerCase() === name.toLowerCase());
      if (meant) report(join('properties', name), `is not a known property. Did you mean "${meant}"?`);
    }
    const name =
      properties.name === undefined ? id : readText(properties.name, 'properties.name', report, { max: 200 });
    const tags = readList(
      properties.tags ?? [],
      'properties.tags',
      report,
      { max: MOST_TAGS },
      (tag, path) => {
        if (typeof tag === 'string' && TAG.test(tag)) return tag;
        report(path, 'must be a tag of 1 to 64 characters without blanks and commas');
        return null;
      },
    );
    const openingHours =
      properties.openingHours === undefined || properties.openingHours === null
        ? null
        : readText(properties.openingHours, 'properties.openingHours', report, { max: 500 });
    const timezone = properties.timezone ?? null;
    if (timezone !== null && (typeof timezone !== 'string' || !isTimezone(timezone))) {
      report('properties.timezone', 'must be an IANA time zone such as Europe/Rome');
    }
    const geometry = readPlaceGeometry(fields.geometry, properties, report, { isSaved });
    if (placeId === null || name === null || tags === null || geometry === null) return null;
    return {
      id: placeId,
      name,
      tags: [...new Set(tags)],
      openingHours,
      timezone: typeof timezone === 'string' ? timezone : null,
      geometry,
    };
  });
}
