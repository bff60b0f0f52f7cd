import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttp, type TestServer } from './http-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const circle = (id: string, lon: number, lat: number, radiusMetres = 100, tags: string[] = []) => ({
  type: 'Feature',
  id,
  geometry: { type: 'Point', coordinates: [lon, lat] },
  properties: { name: `Place ${id}`, radiusMetres, tags },
});

async function save(...features: readonly object[]): Promise<void> {
  const body = { type: 'FeatureCollection', features };
  const answer = await server.call('POST', '/api/v1/places/import', { body });
  expect(answer).toMatchObject({ status: 200, body: { imported: features.length } });
}

const inView = async (bbox: string) =>
  (await server.call('GET', `/api/v1/places.geojson?bbox=${bbox}`)).body as {
    readonly numberMatched: number;
    readonly bbox?: readonly number[];
    readonly features: readonly {
      readonly id?: string;
      readonly properties: { readonly places?: number };
      readonly geometry: { readonly coordinates: readonly number[] };
    }[];
  };
const idsIn = async (bbox: string) => (await inView(bbox)).features.map(({ id }) => id);

describe('the places in view', () => {
  it('are those whose outline meets the box, also by their radius alone', async () => {
    await save(circle('in', 9.19, 45.46), circle('edge', 9.3005, 45.46), circle('out', 9.31, 45.46));
    expect(await idsIn('9.1,45.4,9.3,45.5')).toEqual(['edge', 'in']);
    expect((await inView('9.1,45.4,9.3,45.5')).numberMatched).toBe(2);
  });

  it('move with a place that is saved anew, and go with it', async () => {
    await server.call('PUT', '/api/v1/places/in', { body: circle('in', 20, 10) });
    expect(await idsIn('9.1,45.4,9.3,45.5')).toEqual(['edge']);
    expect(await idsIn('19,9,21,11')).toEqual(['in']);
    await server.call('DELETE', '/api/v1/places/in');
    expect(await idsIn('19,9,21,11')).toEqual([]);
  });

  it('are found on both sides of the date line', async () => {
    const over = [
      [179.9, -17],
      [-179.9, -17],
      [-179.9, -16],
      [179.9, -16],
      [179.9, -17],
    ];
    const fiji = {
      type: 'Feature',
      id: 'fiji',
      geometry: { type: 'Polygon', coordinates: [over] },
      properties: {},
    };
    await save(fiji);
    for (const bbox of ['179,-18,-179,-15', '-180,-18,-179.95,-15', '179.95,-18,180,-15'])
      expect(await idsIn(bbox), bbox).toEqual(['fiji']);
    expect(await idsIn('-10,-18,10,-15')).toEqual([]);
  });

  it('become clusters that count each place once where they are too many to tell apart', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) =>
      circle(`many-${index}`, 30 + (index % 50) / 100, 50 + Math.floor(index / 50) / 100),
    );
    await save(...many);
    const { numberMatched, bbox, features } = await inView('29.9,49.9,30.6,50.5');
    expect(numberMatched).toBe(2_000);
    expect(bbox?.map((degrees) => Number(degrees.toFixed(2)))).toEqual([30, 50, 30.49, 50.39]);
    expect(features.length).toBeLessThan(400);
    expect(features.reduce((sum, { properties }) => sum + (properties.places ?? 0), 0)).toBe(2_000);
    for (const { geometry } of features) {
      expect(geometry.coordinates[0]).toBeGreaterThanOrEqual(30);
      expect(geometry.coordinates[0]).toBeLessThanOrEqual(30.5);
    }
    // Nearer, the places themselves.
    expect((await inView('30,50,30.05,50.05')).features.every(({ id }) => id !== undefined)).toBe(true);
  });

  it.each(['1,2,3', '9.1,45.5,9.3,45.4', '9,95,10,96', 'a,b,c,d', '9,45,,46'])(
    'are refused for the box %s',
    async (bbox) => {
      const answer = await server.call('GET', `/api/v1/places.geojson?bbox=${bbox}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    },
  );
});

describe('names of places', () => {
  it('are given for ids, and left out for those that are not there', async () => {
    await save(circle('named', 1, 2));
    const { body } = await server.call('GET', '/api/v1/place-search?ids=named,nowhere');
    expect(body).toEqual({ places: [{ id: 'named', name: 'Place named' }], tags: [] });
  });
});

describe('the list of places', () => {
  const ids = async (query: string) =>
    (await server.call('GET', `/api/v1/places?${query}`)).body.items.map(({ id }: { id: string }) => id);

  it('is searched by a part of the name or id, and by tag', async () => {
    await save(
      circle('cafe_1', 1, 1, 100, ['coffee', 'chain:acme']),
      circle('cafe-2', 1, 1.1, 100, ['coffees']),
    );
    expect(await ids('text=CAFE')).toEqual(['cafe_1', 'cafe-2']);
    expect(await ids('text=cafe_')).toEqual(['cafe_1']);
    expect(await ids('text=place%20cafe-2')).toEqual(['cafe-2']);
    expect(await ids('tag=coffee')).toEqual(['cafe_1']);
    expect(await ids('tag=chain:acme&text=nothing')).toEqual([]);
  });
});
