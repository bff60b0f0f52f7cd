import { Readable } from 'node:stream';
import { Type } from '@fastify/type-provider-typebox';
import {
  parseSensitiveZone,
  type SensitiveZone,
  ZONE_CATEGORIES,
} from '../../../rules/places/sensitive-zone.ts';
import {
  deleteZone,
  getZone,
  listZones,
  type StoredZone,
  saveZones,
  zoneFeatureTexts,
} from '../../records/sensitive-zones.ts';
import { silencedBy } from '../../records/silenced-places.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { featureCollection } from '../feature-collection.ts';
import { featuresOfCollection, namedFeature, readFeatureImport } from '../feature-import.ts';
import { changeBy } from '../identity.ts';
import { invalidDocument } from '../refused.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';
import { Feature, ImportReport, importReport } from './import-report.ts';

const MAX_ZONE_BYTES = 4 * 1024 * 1024;
const MAX_IMPORT_BYTES = 8 * 1024 * 1024;

const ZONE = {
  id: Id,
  name: Type.String(),
  category: Choice(...ZONE_CATEGORIES),
  marginMetres: Type.Number({ description: 'How far beyond its edge the zone reaches' }),
  feature: Feature,
  updatedAt: Time,
};
const Zone = Type.Object(ZONE);
const Silenced = Type.Object(
  { count: Type.Integer(), places: Type.Array(Type.String()) },
  {
    description:
      'Places that lie in it or too near: nothing is triggered there any more. The ids of the first 1,000',
  },
);
const SavedZone = Type.Object({ ...ZONE, silenced: Silenced });

const shown = (zone: StoredZone) => {
  const parsed = parseSensitiveZone(zone.id, zone.feature);
  return { ...zone, marginMetres: parsed.ok ? parsed.value.marginMetres : 0 };
};

/** Zones in which no visit is kept and nothing is triggered. */
export function registerSensitiveZoneRoutes(app: HttpApp, { deps, zones }: RouteContext): void {
  const tags = ['places'];
  const { records } = deps;

  async function changed(saved: readonly { readonly id: string }[], removed: readonly string[] = []) {
    zones.zonesChanged();
    await deps.changed({ kind: 'zones', changed: saved.map(({ id }) => id), removed });
  }

  /** The places that fall silent. */
  async function silenced(parsed: readonly SensitiveZone[]) {
    const { count, places } = await silencedBy(records, parsed);
    return { count, places: [...places] };
  }

  app.get(
    '/api/v1/sensitive-zones',
    {
      schema: {
        summary: 'List sensitive zones',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Zone) },
      },
    },
    async (request) => {
      const { items, next } = await listZones(records, pageRequest(request.query));
      return { items: items.map(shown), next };
    },
  );

  app.get(
    '/api/v1/sensitive-zones.geojson',
    {
      schema: {
        summary: 'All sensitive zones as one FeatureCollection, for the map',
        tags,
        response: { 200: Type.Unsafe<Readable>({ description: 'GeoJSON' }) },
      },
    },
    async (_request, reply) =>
      reply.type('application/geo+json').send(Readable.from(featureCollection(zoneFeatureTexts(records)))),
  );

  app.get(
    '/api/v1/sensitive-zones/:id',
    { schema: { summary: 'One sensitive zone', tags, params: IdParams, response: { 200: Zone } } },
    async (request) => shown(await getZone(records, request.params.id)),
  );

  app.put(
    '/api/v1/sensitive-zones/:id',
    {
      bodyLimit: MAX_ZONE_BYTES,
      schema: {
        summary: 'Save a sensitive zone',
        description:
          'A Feature: a Point with `properties.radiusMetres`, a Polygon, a MultiPolygon, or a LineString with `properties.corridorMetres`; `name`, `category` and `marginMetres` (610 by default, from the edge) in its properties. Places that it overlaps stay and fall silent; the answer names them.',
        tags,
        params: IdParams,
        body: Feature,
        response: { 200: SavedZone },
      },
    },
    async (request) => {
      const parsed = parseSensitiveZone(request.params.id, request.body);
      if (!parsed.ok) throw invalidDocument(parsed.problems);
      const change = changeBy(deps, request);
      const { category, marginMetres } = parsed.value;
      const zone = { ...namedFeature(parsed.value, request.body), category };
      await saveZones(records, [zone], change);
      await changed([zone]);
      return { ...zone, marginMetres, updatedAt: change.at, silenced: await silenced([parsed.value]) };
    },
  );

  app.post(
    '/api/v1/sensitive-zones/import',
    {
      bodyLimit: MAX_IMPORT_BYTES,
      schema: {
        summary: 'Save the sensitive zones of a FeatureCollection, and tell what became of each',
        description: 'At most 8 MiB. One that is wrong does not keep the others out.',
        tags,
        body: Type.Unsafe<unknown>({ description: 'GeoJSON FeatureCollection' }),
        response: { 200: Type.Object({ ...ImportReport.properties, silenced: Silenced }) },
      },
    },
    async (request) => {
      const given = featuresOfCollection(request.body);
      const { read, features } = await readFeatureImport(given, parseSensitiveZone);
      if (read.length > 0) {
        const saved = read.map(({ id, name, feature, value }) => ({
          id,
          name,
          feature,
          category: value.category,
        }));
        await saveZones(records, saved, changeBy(deps, request));
        await changed(saved);
      }
      return { ...importReport(features), silenced: await silenced(read.map(({ value }) => value)) };
    },
  );

  app.delete(
    '/api/v1/sensitive-zones/:id',
    {
      schema: { summary: 'Remove a sensitive zone', tags, params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { id } = request.params;
      await deleteZone(records, id, changeBy(deps, request));
      await changed([], [id]);
      return reply.code(204).send(null);
    },
  );
}
