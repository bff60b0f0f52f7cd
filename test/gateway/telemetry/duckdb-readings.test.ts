import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readReadings } from '../../../gateway/telemetry/duckdb-readings.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import type { ReadingPoint, TelemetryPoint } from '../../../gateway/telemetry/telemetry-store.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-readings-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const point = (seq: number, text: string): TelemetryPoint => ({
  deviceKey: 'k',
  at: 1_700_000_000_000 + seq,
  seq,
  receivedAt: 1_700_000_000_000,
  flags: [],
  metrics: { text },
});

/** A page of all these points; `onQuery` stands before each query, with the one under way. */
async function pageOf(
  points: readonly TelemetryPoint[],
  onQuery: (connection: DuckDBConnection, queries: number) => Promise<unknown>,
): Promise<{ found: readonly ReadingPoint[]; queries: number; mostLong: number }> {
  const file = join(dir, 'telemetry.duckdb');
  const store = createDuckDbStore({ file });
  await store.start();
  for (let start = 0; start < points.length; start += 2_000) {
    const part = points.slice(start, start + 2_000);
    expect(await store.write(part, part.at(-1)?.seq ?? 0)).toEqual({ kind: 'stored', rejected: [] });
  }
  await store.stop();
  const instance = await DuckDBInstance.create(file, { threads: '1' });
  try {
    const connection = await instance.connect();
    let queries = 0;
    let mostLong = 0;
    const counting = {
      runAndReadAll: async (...call: Parameters<DuckDBConnection['runAndReadAll']>) => {
        await onQuery(connection, queries);
        queries += 1;
        const rows = await connection.runAndReadAll(...call);
        const isLong = (text: unknown) => typeof text === 'string' && text.length > 10_000;
        mostLong = Math.max(mostLong, rows.getRows().filter((row) => row.some(isLong)).length);
        return rows;
      },
    };
    const query = { deviceKey: 'k', limit: 100_000, maxCharacters: 1_000_000_000 };
    const page = await readReadings(counting as unknown as DuckDBConnection, query, null);
    expect(page.next).toBeNull();
    return { found: page.points as readonly ReadingPoint[], queries, mostLong };
  } finally {
    instance.closeSync();
  }
}

describe('a page of whole readings', () => {
  it('takes few queries where they are short', async () => {
    const points = Array.from({ length: 20_000 }, (_, seq) => point(seq + 1, `${seq}`));
    const { found, queries } = await pageOf(points, async () => undefined);
    expect(found.map(({ metrics }) => metrics?.text)).toEqual(points.map(({ metrics }) => metrics?.text));
    // 162 with 128 readings each.
    expect(queries).toBeLessThanOrEqual(30);
  });

  it('brings few long ones at once, also after many short ones', async () => {
    const text = (seq: number) => (seq < 4_200 ? `${seq}` : `${seq} ${'x'.repeat(100_000)}`);
    const points = Array.from({ length: 4_600 }, (_, seq) => point(seq + 1, text(seq)));
    const { found, queries, mostLong } = await pageOf(points, async () => undefined);
    expect(found.map(({ at }) => at)).toEqual(points.map(({ at }) => at));
    expect(found.every(({ metrics }, index) => metrics?.text === points[index]?.metrics?.text)).toBe(true);
    expect(mostLong).toBeLessThanOrEqual(128);
    expect(queries).toBeLessThanOrEqual(40);
  });

  it('ends also where they were erased since it began', async () => {
    const points = Array.from({ length: 1_000 }, (_, seq) => point(seq + 1, `${seq}`));
    const { found } = await pageOf(points, async (connection, queries) => {
      if (queries === 3) await connection.run('DELETE FROM readings');
    });
    expect(found).toHaveLength(8 + 16);
  });
});
