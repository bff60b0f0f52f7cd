import { Readable } from 'node:stream';
import { Type } from '@fastify/type-provider-typebox';
import { parsePlace } from '../../../rules/places/place.ts';
import {
  deletePlace,
  getPlace,
  importPlaces,
  listPlaces,
  placeFeatureTexts,
  savePlace,
} from '../../records/places.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { featureCollection } from '../feature-collection.ts';
import { featuresOfCollection, namedFeature, readFeatureImport } from '../feature-import.ts';
import { changeBy } from '../identity.ts';
import { featuresOfCsv } from '../place-csv.ts';
import { Bbox, viewText } from '../place-view.ts';
import { invalidDocument } from '../refused.ts';
import { Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';
import { Feature, ImportReport, importReport } from './import-report.ts';

const MAX_PLACE_BYTES = 4 * 1024 * 1024;
/** JSON is parsed in one go: this much holds up the acknowledgements to devices for 70 ms (37,000 circles, measured). */
const MAX_JSON_IMPORT_BYTES = 8 * 1024 * 1024;
/** CSV is read row by row, and holds up nobody. */
const MAX_CSV_IMPORT_BYTES = 64 * 1024 * 1024;

const Place = Type.Object({ id: Id, name: Type.String(), feature: Feature, updatedAt: Time });

/** Places: named geofences. */
export async function registerPlaceRoutes(app: HttpApp, { deps, zones }: RouteContext): Promise<void> {
  const tags = ['places'];
  app.addContentTypeParser(
    'text/csv',
    { parseAs: 'string', bodyLimit: MAX_CSV_IMPORT_BYTES },
    async (_request: unknown, text: string) => text,
  );
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: MAX_JSON_IMPORT_BYTES },
    app.getDefaultJsonParser('error', 'error'),
  );
  const { records } = deps;

  app.put(
    '/api/v1/places/:id',
    {
      bodyLimit: MAX_PLACE_BYTES,
      schema: {
        summary: 'Save a place',
        description:
          'A Feature: a Point with `properties.radiusMetres`, a Polygon, a MultiPolygon, or a LineString with `properties.corridorMetres`; `name`, `tags`, `openingHours` and `timezone` in its properties. Refused where it overlaps a sensitive zone, margin included.',
        tags,
        params: IdParams,
        body: Feature,
        response: { 200: Place },
      },
    },
    async (request) => {
      const parsed = parsePlace(request.params.id, request.body);
      if (!parsed.ok) throw invalidDocument(parsed.problems);
      await zones.refuse(parsed.value);
      const change = changeBy(deps, request);
      const place = namedFeature(parsed.value, request.body);
      await savePlace(records, place, change);
      await deps.changed({ kind: 'places', changed: [place.id], removed: [] });
      return { ...place, updatedAt: change.at };
    },
  );

  app.post(
    '/api/v1/places/import',
    {
      schema: {
        summary: 'Save the places of a FeatureCollection or of CSV, and tell what became of each',
        description:
          'CSV has a header row with `name`, `lat`, `lon`, and where needed `id`, `radiusMetres`, `tags` (separated by ;), `openingHours`, `timezone`. At most 8 MiB of JSON, 64 MiB of CSV. Places are in force part by part; a feature that overlaps a sensitive zone is refused, and the others are not.',
        tags,
        consumes: ['application/json', 'text/csv'],
        querystring: Closed({
          radiusMetres: Type.Optional(
            Type.Integer({ minimum: 10, maximum: 50_000, description: 'For rows of CSV that have none' }),
          ),
          tags: Type.Optional(
            Type.String({ maxLength: 1_000, description: 'For every row of CSV, separated by commas' }),
          ),
        }),
        body: Type.Unsafe<unknown>({ description: 'GeoJSON FeatureCollection, or CSV' }),
        response: { 200: ImportReport },
      },
    },
    async (request) => {
      const { radiusMetres, tags: tagList } = request.query;
      const { body } = request;
      const given =
        typeof body === 'string'
          ? featuresOfCsv(body, { radiusMetres, tags: tagList?.split(',') ?? [] })
          : featuresOfCollection(body);
      const { read, features } = await readFeatureImport(given, parsePlace, await zones.objection());
      // The engine takes in one part while the next is written.
      let told = Promise.resolve();
      await importPlaces(records, read, changeBy(deps, request), async (changed) => {
        await told;
        told = deps.changed({ kind: 'places', changed, removed: [] });
      });
      await told;
      return importReport(features);
    },
  );

  app.get(
    '/api/v1/places',
    {
      schema: {
        summary: 'List places',
        tags,
        querystring: Closed({
          ...PageQuery,
          text: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the name or the id' })),
          tag: Type.Optional(Type.String({ maxLength: 64, description: 'A tag that they carry' })),
        }),
        response: { 200: ListOf(Place) },
      },
    },
    (request) => listPlaces(records, pageRequest(request.query), request.query),
  );

  app.get(
    '/api/v1/places.geojson',
    {
      schema: {
        summary: 'All places as one FeatureCollection, or what a map shows of those in a box',
        description:
          'With `bbox` at most 1,500 places; where more are in it, their clusters instead: Points with `properties.places`. `numberMatched` counts the places, `bbox` is the box around them.',
        tags,
        querystring: Closed({ bbox: Type.Optional(Bbox) }),
        response: { 200: Type.Unsafe<Readable>({ description: 'GeoJSON' }) },
      },
    },
    async ({ query: { bbox } }, reply) =>
      reply
        .type('application/geo+json')
        .send(
          bbox === undefined
            ? Readable.from(featureCollection(placeFeatureTexts(records)))
            : Readable.from([await viewText(records, bbox)]),
        ),
  );

  app.get(
    '/api/v1/places/:id',
    { schema: { summary: 'One place', tags, params: IdParams, response: { 200: Place } } },
    (request) => getPlace(records, request.params.id),
  );

  app.delete(
    '/api/v1/places/:id',
    { schema: { summary: 'Remove a place', tags, params: IdParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { id } = request.params;
      await deletePlace(records, id, changeBy(deps, request));
      await deps.changed({ kind: 'places', changed: [], removed: [id] });
      return reply.code(204).send(null);
    },
  );
}
