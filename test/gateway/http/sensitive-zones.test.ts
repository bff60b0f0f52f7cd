import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.changes.length = 0;
});

const call = (method: string, path: string, body?: unknown) =>
  server.call(method, `/api/v1${path}`, body === undefined ? {} : { body });

const feature = (lon: number, lat: number, properties: object) => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [lon, lat] },
  properties,
});
const place = (lon: number, lat: number, radiusMetres = 50) =>
  feature(lon, lat, { name: 'Café', radiusMetres });
const clinic = (lon: number, lat: number, over: object = {}) =>
  feature(lon, lat, { name: 'Clinic', category: 'health_care', radiusMetres: 20, ...over });

/** One degree of longitude on the equator. */
const METRES = 111_195;
const east = (metres: number) => metres / METRES;

describe('sensitive zones', () => {
  it('are saved, told to the engine, listed, drawn and removed', async () => {
    const saved = await call('PUT', '/sensitive-zones/clinic', clinic(0, 10));
    expect(saved).toMatchObject({
      status: 200,
      body: {
        id: 'clinic',
        name: 'Clinic',
        category: 'health_care',
        marginMetres: 610,
        silenced: { count: 0, places: [] },
      },
    });
    expect(server.changes).toEqual([{ kind: 'zones', changed: ['clinic'], removed: [] }]);
    expect((await call('GET', '/sensitive-zones')).body.items).toMatchObject([{ id: 'clinic' }]);
    const drawn = await server.call('GET', '/api/v1/sensitive-zones.geojson');
    expect(drawn.body.features).toMatchObject([
      { id: 'clinic', properties: { id: 'clinic', category: 'health_care', marginMetres: 610 } },
    ]);
    expect((await call('DELETE', '/sensitive-zones/clinic')).status).toBe(204);
    expect(server.changes.at(-1)).toEqual({ kind: 'zones', changed: [], removed: ['clinic'] });
    expect((await call('GET', '/sensitive-zones/clinic')).status).toBe(404);
  });

  it('tell every problem at its path', async () => {
    const answer = await call(
      'PUT',
      '/sensitive-zones/bad',
      clinic(0, 95, { category: 'bank', marginMetres: -1 }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body.problems.length).toBeGreaterThan(2);
  });

  it('keep places out that overlap them or come too near, naming the zone, whatever shape they have', async () => {
    await call('PUT', '/sensitive-zones/clinic', clinic(0, 0));
    const near = await call('PUT', '/places/near', place(east(20 + 610 + 49), 0));
    expect(near).toMatchObject({ status: 422, body: { code: 'sensitive_zone' } });
    expect(near.body.detail).toContain('"clinic" (Clinic)');
    expect((await call('PUT', '/places/far', place(east(20 + 610 + 52), 0))).status).toBe(200);
    const around = {
      type: 'Feature',
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [-1, -1],
            [1, -1],
            [1, 1],
            [-1, 1],
            [-1, -1],
          ],
        ],
      },
      properties: { name: 'All around' },
    };
    expect((await call('PUT', '/places/around', around)).body.code).toBe('sensitive_zone');
    expect((await call('GET', '/places/around')).status).toBe(404);
  });

  it('keep out only the rows of an import that overlap them', async () => {
    const answer = await call('POST', '/places/import', {
      type: 'FeatureCollection',
      features: [
        { ...place(0, 0), id: 'inside' },
        { ...place(5, 5), id: 'fine' },
      ],
    });
    expect(answer.body).toMatchObject({ imported: 1, refused: 1 });
    expect(answer.body.features[0]).toMatchObject({ id: 'inside', problems: [{ path: 'geometry' }] });
    expect(answer.body.features[0].problems[0].message).toContain('clinic');
    expect((await call('GET', '/places/inside')).status).toBe(404);
  });

  it('hold no place up once they are removed', async () => {
    expect((await call('DELETE', '/sensitive-zones/clinic')).status).toBe(204);
    expect((await call('PUT', '/places/near', place(east(640), 0))).status).toBe(200);
  });

  it('name the places that fall silent, over the date line too', async () => {
    expect((await call('PUT', '/places/west', place(-179.999, 60))).status).toBe(200);
    const saved = await call('PUT', '/sensitive-zones/line', clinic(179.999, 60));
    expect(saved.body.silenced).toEqual({ count: 1, places: ['west'] });
    const wide = await call('PUT', '/sensitive-zones/wide', clinic(0, 0, { marginMetres: 5_000 }));
    expect(wide.body.silenced).toEqual({ count: 2, places: ['far', 'near'] });
  });

  it('are imported, and one that is wrong does not keep the others out', async () => {
    const answer = await call('POST', '/sensitive-zones/import', {
      type: 'FeatureCollection',
      features: [
        { ...clinic(5, 5), id: 'a' },
        clinic(30, 30, { name: 'Shelter', category: 'shelter' }),
        clinic(30, 30, { name: 'Wrong', category: 'wrong' }),
      ],
    });
    expect(answer.body).toMatchObject({
      imported: 2,
      refused: 1,
      features: [{ id: 'a' }, { id: 'shelter' }, { id: 'wrong', status: 'refused' }],
      silenced: { count: 1, places: ['fine'] },
    });
    expect(server.changes).toEqual([{ kind: 'zones', changed: ['a', 'shelter'], removed: [] }]);
  });
});

describe('the tags of places', () => {
  it('are known to rules as long as a place carries them', async () => {
    const tagged = (...tags: string[]) => feature(50, 50, { name: 'Tagged', radiusMetres: 50, tags });
    const problems = async (tag: string) => {
      const { body } = await call('POST', '/rules/check', {
        id: 'tagged',
        trigger: { place: { tag }, on: 'enter' },
        offer: { title: 'Hello', body: 'There', expires: 'PT30M' },
      });
      return body.problems.length;
    };
    await call('PUT', '/places/t1', tagged('coffee', 'coffee', 'food'));
    await call('PUT', '/places/t2', tagged('coffee'));
    expect([await problems('coffee'), await problems('food')]).toEqual([0, 0]);
    await call('PUT', '/places/t1', tagged('coffee'));
    expect([await problems('coffee'), await problems('food')]).toEqual([0, 1]);
    await call('DELETE', '/places/t1');
    expect(await problems('coffee')).toBe(0);
    await call('DELETE', '/places/t2');
    expect(await problems('coffee')).toBe(1);
    expect(await server.db.selectFrom('place_tags').selectAll().execute()).toEqual([]);
  });
});
