import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../../gateway/http/csv.ts';
import { startHttp, type TestServer } from './http-server.ts';

const BREWERIES = fileURLToPath(
  new URL('../../../../shared/data/openbrewerydb/breweries.csv', import.meta.url),
);

let server: TestServer;
beforeAll(async () => {
  server = await startHttp();
});
afterAll(() => server.stop());

const importing = (body: string, query = '') =>
  server.call('POST', `/api/v1/places/import${query}`, { body, contentType: 'text/csv' });

const cellsOf = (text: string) => [...parseCsv(text)].map(({ cells }) => cells);

describe('CSV', () => {
  it.each([
    [
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      '\ufeffa,b\r\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['a\n"x, ""y""\nz"\n', [['a'], ['x, "y"\nz']]],
    [
      'a,b\n,\n\n"",x\n',
      [
        ['a', 'b'],
        ['', ''],
        ['', 'x'],
      ],
    ],
    ['', []],
  ])('%j is read as %j', (text, rows) => {
    expect(cellsOf(text)).toEqual(rows);
  });

  it('has rows counted as a spreadsheet counts them', () => {
    const rows = [...parseCsv('a,b\n\n"1\n",2\n3,4')];
    expect(rows.map(({ row }) => row)).toEqual([1, 3, 4]);
  });

  it.each(['a\n"open', 'a\n"x"y', 'a\nx"y'])('%j is refused with its line', (text) => {
    expect(() => [...parseCsv(text)]).toThrow('line 2');
  });

  it('gives back what was written, whatever it holds', () => {
    const table = fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(table, (rows) => {
        const text = rows
          .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
          .join('\r\n');
        expect(cellsOf(text)).toEqual(rows);
      }),
    );
  });
});

describe('importing CSV', () => {
  it('makes circles of rows, with what the address says for all', async () => {
    const report = await importing(
      'id,name,Latitude,LONGITUDE,radiusMetres,tags,phone\na,Bar One,45.1,9.1,50,beer;late,123\n,Bar Two,45.2,9.2,,,\n,No Where,,,,,\n,Far Off,95,9,,,\n',
      '?radiusMetres=200&tags=bar',
    );
    expect(report.body).toMatchObject({ imported: 2, refused: 2 });
    expect(report.body.features.map((feature: { id: string }) => feature.id)).toEqual([
      'a',
      'bar-two',
      'no-where',
      'far-off',
    ]);
    expect((await server.call('GET', '/api/v1/places/a')).body.feature.properties).toMatchObject({
      radiusMetres: 50,
      tags: ['beer', 'late', 'bar'],
    });
    expect((await server.call('GET', '/api/v1/places/bar-two')).body.feature).toMatchObject({
      geometry: { type: 'Point', coordinates: [9.2, 45.2] },
      properties: { name: 'Bar Two', radiusMetres: 200, tags: ['bar'] },
    });
  });

  it('says which column is missing, and takes CSV nowhere else', async () => {
    expect(await importing('name,latitude\nx,1')).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('no column lon') },
    });
    expect(await importing('')).toMatchObject({ status: 422 });
    expect(
      (await server.call('POST', '/api/v1/devices', { body: 'a,b', contentType: 'text/csv' })).status,
    ).toBe(415);
  });

  it.skipIf(!existsSync(BREWERIES))(
    `takes 11,000 breweries${existsSync(BREWERIES) ? '' : ' (skipped: ../shared/data is absent)'}`,
    async () => {
      const report = await importing(readFileSync(BREWERIES, 'utf8'), '?radiusMetres=100&tags=brewery');
      expect(report.status).toBe(200);
      expect(report.body.imported + report.body.refused).toBeGreaterThan(10_000);
      expect(report.body.imported).toBeGreaterThan(7_000);
      const why = new Set(
        report.body.features.flatMap(
          (feature: { problems?: { path: string }[] }) =>
            feature.problems?.map((problem) => problem.path) ?? [],
        ),
      );
      expect([...why].every((path) => String(path).startsWith('geometry'))).toBe(true);
    },
  );
});
