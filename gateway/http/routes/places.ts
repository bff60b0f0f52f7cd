import { Readable } from 'node:stream';
import { Type } from '@fastify/type-provider-typebox';
import type { Kysely } from 'kysely';
import { parsePlace } from '../../../rules/place.ts';
import { WaysideError } from '../../errors.ts';
import { deletePlace, getPlace, listPlaces, placeFeatureTexts, savePlaces } from '../../records/places.ts';
import type { Schema } from '../../records/schema.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { featuresOfCsv } from '../place-csv.ts';
import { featuresOfCollection, readPlaceImport, storedPlace } from '../place-import.ts';
import { Bbox, viewText } from '../place-view.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';

const MAX_PLACE_BYTES = 4 * 1024 * 1024;
/** JSON is parsed in one go: this much holds up the acknowledgements to devices for 70 ms (37,000 circles, measured). */
const MAX_JSON_IMPORT_BYTES = 8 * 1024 * 1024;
/** CSV is read row by row, and holds up nobody. */
const MAX_CSV_IMPORT_BYTES = 64 * 1024 * 1024;

const Feature = Type.Unsafe<object>({
  type: 'object',
  additionalProperties: true,
  description: 'GeoJSON Feature',
});
const Place = Type.Object({ id: Id, name: Type.String(), feature: Feature, updatedAt: Time });

const ImportReport = Type.Object({
  imported: Type.Integer(),
  refused: Type.Integer(),
  features: Type.Array(
    Type.Object({
      index: Type.Integer({ description: 'Position in the collection, from 0' }),
      id: Type.String(),
      status: Choice('imported', 'refused'),
      problems: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
    }),
  ),
});

/** Places: named geofences. */
export async function registerPlaceRoutes(app: HttpApp, { deps }: RouteContext): Promise<void> {
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
          'A Feature: a Point with `properties.radiusMetres`, a Polygon or a MultiPolygon; `name`, `tags`, `openingHours` and `timezone` in its properties.',
        tags,
        params: IdParams,
        body: Feature,
        response: { 200: Place },
      },
    },
    async (request) => {
      const parsed = parsePlace(request.params.id, request.body);
      if (!parsed.ok) {
        const [first] = parsed.problems;
        throw new WaysideError('invalid_document', `${first?.path} ${first?.message}`, {
          problems: parsed.problems,
        });
      }
      const change = changeBy(deps, request);
      const place = storedPlace(parsed.value, request.body);
      await savePlaces(records, [place], change);
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
          'CSV has a header row with `name`, `lat`, `lon`, and where needed `id`, `radiusMetres`, `tags` (separated by ;), `openingHours`, `timezone`. At most 8 MiB of JSON, 64 MiB of CSV.',
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
      const { places, features } = await readPlaceImport(given);
      if (places.length > 0) {
        await savePlaces(records, places, changeBy(deps, request));
        await deps.changed({ kind: 'places', changed: places.map(({ id }) => id), removed: [] });
      }
      const report = features.map((feature) =>
        feature.status === 'refused' ? { ...feature, problems: [...feature.problems] } : feature,
      );
      return { imported: places.length, refused: features.length - places.length, features: report };
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
          'With `bbox` at most 1,500 places; where more are in it, their clusters instead: Points with `properties.places`. `numberMatched` counts the places.',
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
            ? Readable.from(featureCollectionTexts(records))
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

async function* featureCollectionTexts(records: Kysely<Schema>): AsyncGenerator<string> {
  yield '{"type":"FeatureCollection","features":[';
  let separator = '';
  for await (const texts of placeFeatureTexts(records)) {
    yield separator + texts.join(',');
    separator = ',';
  }
  yield ']}';
}
