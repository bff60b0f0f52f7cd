import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

const BREMEN = fileURLToPath(
  new URL('../../../../shared/data/neighbourhoods/bremen.geojson', import.meta.url),
);

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const circle = (name: string, extra: object = {}) => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [9.19, 45.4642] },
  properties: { name, radiusMetres: 100, tags: ['coffee'], ...extra },
});

describe('places', () => {
  it('are saved, told to the engine, replaced, read and removed', async () => {
    server.changes.length = 0;
    const saved = await server.call('PUT', '/api/v1/places/cafe', { body: circle('Café Duomo') });
    expect(saved).toMatchObject({
      status: 200,
      body: { id: 'cafe', name: 'Café Duomo', feature: { type: 'Feature', id: 'cafe' } },
    });
    expect(server.changes).toEqual([{ kind: 'places', changed: ['cafe'], removed: [] }]);
    await server.call('PUT', '/api/v1/places/cafe', { body: circle('Café Nuovo', { note: 'kept' }) });
    const read = await server.call('GET', '/api/v1/places/cafe');
    expect(read.body).toMatchObject({
      name: 'Café Nuovo',
      feature: { properties: { note: 'kept', radiusMetres: 100 } },
    });
    expect((await server.call('GET', '/api/v1/places')).body.items).toHaveLength(1);
    expect((await server.call('DELETE', '/api/v1/places/cafe')).status).toBe(204);
    expect((await server.call('DELETE', '/api/v1/places/cafe')).status).toBe(404);
    expect((await server.call('GET', '/api/v1/places/cafe')).status).toBe(404);
  });

  it('are refused with every problem, each with its path', async () => {
    const answer = await server.call('PUT', '/api/v1/places/bad', {
      body: {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [9, 95] },
        properties: { radiusMetres: 5, timezone: 'Nowhere' },
      },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_document' } });
    const paths = answer.body.problems.map((problem: { path: string }) => problem.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        expect.stringContaining('coordinates'),
        'properties.radiusMetres',
        'properties.timezone',
      ]),
    );
    expect((await server.call('PUT', '/api/v1/places/bad', { body: [1] })).status).toBe(400);
  });

  it('are one FeatureCollection for the map, with id and name where styles look', async () => {
    await server.call('PUT', '/api/v1/places/cafe', { body: circle('Café') });
    const map = await server.call('GET', '/api/v1/places.geojson');
    expect(map.headers.get('content-type')).toContain('application/geo+json');
    expect(map.body).toMatchObject({
      type: 'FeatureCollection',
      features: [{ id: 'cafe', properties: { id: 'cafe', name: 'Café' } }],
    });
  });
});

describe('a place without properties', () => {
  it('has id and name on the map all the same', async () => {
    const ring = [
      [9, 45],
      [9.01, 45],
      [9.01, 45.01],
      [9, 45],
    ];
    const body = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties: null };
    expect((await server.call('PUT', '/api/v1/places/bare', { body })).status).toBe(200);
    const map = await server.call('GET', '/api/v1/places.geojson');
    expect(map.body.features.find((feature: { id: string }) => feature.id === 'bare').properties).toEqual({
      id: 'bare',
      name: 'bare',
    });
  });
});

describe('importing places', () => {
  const importing = (features: unknown) =>
    server.call('POST', '/api/v1/places/import', { body: { type: 'FeatureCollection', features } });

  it('takes the good features and says what is wrong with the others', async () => {
    const report = await importing([
      { ...circle('One'), id: 'one' },
      circle('Two', { id: 'two' }),
      { ...circle('Seven'), id: 7 },
      circle('Größe & Öl'),
      circle('Größe & Öl'),
      circle('東京'),
      { ...circle('Again'), id: 'one' },
      { type: 'Feature', geometry: null, properties: {} },
      null,
      { ...circle('Bad id'), id: 'has blank' },
    ]);
    expect(report.status).toBe(200);
    expect(report.body).toMatchObject({ imported: 6, refused: 4 });
    expect(
      report.body.features.map(
        (feature: { id: string; status: string }) => `${feature.id} ${feature.status}`,
      ),
    ).toEqual([
      'one imported',
      'two imported',
      '7 imported',
      'grosse-ol imported',
      'grosse-ol-2 imported',
      'place imported',
      'one refused',
      'place-8 refused',
      'place-9 refused',
      'has blank refused',
    ]);
    expect(report.body.features[6].problems).toEqual([
      { path: 'id', message: '"one" is also the id of a feature above' },
    ]);
    expect((await server.call('GET', '/api/v1/places/one')).body.name).toBe('One');
  });

  it('replaces the same places when done again', async () => {
    const before = (await server.call('GET', '/api/v1/places?limit=1000')).body.items.length;
    await importing([circle('Größe & Öl'), circle('Größe & Öl')]);
    expect((await server.call('GET', '/api/v1/places?limit=1000')).body.items).toHaveLength(before);
  });

  it('refuses what is no FeatureCollection', async () => {
    const answer = await server.call('POST', '/api/v1/places/import', { body: circle('Alone') });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'invalid_document', problems: [{ path: 'type' }] },
    });
  });

  it('takes thousands at once, and does not tell the engine of nothing', async () => {
    const many = Array.from({ length: 2_500 }, (_, i) => ({ ...circle(`Many ${i}`), id: `many-${i}` }));
    server.changes.length = 0;
    expect((await importing(many)).body).toMatchObject({ imported: 2_500, refused: 0 });
    const changed = server.changes.flatMap((change) => ('changed' in change ? change.changed : []));
    expect(changed).toEqual(many.map(({ id }) => id));
    // Part by part, so that nobody waits long for the records or the engine.
    expect(server.changes).toHaveLength(5);
    await importing([]);
    expect(server.changes).toHaveLength(5);
    expect((await server.call('GET', '/api/v1/places.geojson')).body.features.length).toBeGreaterThan(2_500);
  });

  it('takes more of CSV, which is read row by row, than of JSON, which is not', async () => {
    const padding = ' '.repeat(9 * 1024 * 1024);
    const json = await server.call('POST', '/api/v1/places/import', {
      body: `{"type":"FeatureCollection","features":[]}${padding}`,
    });
    expect(json).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    const csv = await server.call('POST', '/api/v1/places/import?radiusMetres=50', {
      body: `name,lat,lon,note\nBig,45,9,${'x'.repeat(9 * 1024 * 1024)}\n`,
      contentType: 'text/csv',
    });
    expect(csv).toMatchObject({ status: 200, body: { imported: 1, refused: 0 } });
  });

  it.skipIf(!existsSync(BREMEN))(
    `takes the neighbourhoods of Bremen whole${existsSync(BREMEN) ? '' : ' (skipped: ../shared/data is absent)'}`,
    async () => {
      const report = await server.call('POST', '/api/v1/places/import', {
        body: readFileSync(BREMEN, 'utf8'),
      });
      expect(report.body.refused).toBe(0);
      expect(report.body.imported).toBeGreaterThan(80);
    },
  );
});
