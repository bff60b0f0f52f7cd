import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBAppender, DuckDBDataChunk } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendPoints } from '../../../gateway/telemetry/duckdb-columns.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import type { TelemetryPoint, TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';

let dir: string;
let store: TelemetryStore;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-texts-'));
  store = createDuckDbStore({ file: join(dir, 'telemetry.duckdb') });
  await store.start();
});

afterEach(async () => {
  await store.stop();
  await rm(dir, { recursive: true });
});

/** Letters of one to four bytes each, so that texts are as long in bytes as in characters, and are not. */
const LETTERS = ['a', 'ü', '日', '😀'];
const DEVICES = ['k', 'twelve-bytes', 'a-key-that-is-longer-than-a-slot', 'schlüssel-日本'];

/** Of every length around the 12 bytes up to which a text lies in its slot. */
function texts(count: number, letters: readonly string[]): readonly string[] {
  return Array.from({ length: count }, (_, n) =>
    Array.from({ length: n % 19 }, (_, at) => letters[(n + at) % letters.length]).join(''),
  );
}

describe('texts of every length', () => {
  it.each([
    ['of one byte a letter', ['a', 'b', 'c']],
    ['of several bytes a letter', LETTERS],
  ])(
    '%s are read as they were written, over several chunks and beside rows without any',
    async (_, letters) => {
      const points = texts(5_000, letters).map(
        (text, seq): TelemetryPoint => ({
          deviceKey: DEVICES[(seq >> 3) % DEVICES.length] ?? '',
          at: 1_700_000_000_000 + seq,
          seq: seq + 1,
          receivedAt: 1_700_000_000_000,
          flags: [],
          ...(seq % 3 !== 0 && { event: text }),
          ...(seq % 3 !== 1 && { metrics: { [text === '' ? 'm' : text]: seq % 2 === 0 ? seq : text } }),
        }),
      );
      await store.write(points.slice(0, 3_000), 3_000);
      await store.write(points.slice(3_000), 5_000);
      for (const deviceKey of DEVICES) {
        const { points: found } = await store.read({ deviceKey, limit: 5_000 });
        const sent = points.filter((point) => point.deviceKey === deviceKey);
        expect(found).toEqual(
          sent.map(({ at, flags, event, metrics }) => ({
            at,
            flags,
            ...(event !== undefined && { event }),
            ...(metrics !== undefined && { metrics }),
          })),
        );
      }
    },
  );
});

describe('readings whose texts are long', () => {
  const point = (seq: number, over: Partial<TelemetryPoint>): TelemetryPoint => ({
    deviceKey: 'k',
    at: 1_700_000_000_000 + seq,
    seq,
    receivedAt: 1_700_000_000_000,
    flags: [],
    ...over,
  });
  const long = (seq: number) => `${seq} ${'x'.repeat(300_000)}`;

  it('are handed over in chunks of some 16 Mi characters, and read as they were written', async () => {
    const points = Array.from({ length: 120 }, (_, seq) =>
      point(seq + 1, seq % 2 === 0 ? { metrics: { text: long(seq) } } : { event: long(seq) }),
    );
    const chunks: number[] = [];
    const appender = { appendDataChunk: (chunk: DuckDBDataChunk) => chunks.push(chunk.rowCount) };
    appendPoints(appender as unknown as DuckDBAppender, points);
    expect(chunks).toEqual([56, 56, 8]);

    expect(await store.write(points, 120)).toEqual({ kind: 'stored', rejected: [] });
    const { points: found } = await store.read({
      deviceKey: 'k',
      limit: 200,
      maxCharacters: 100_000_000,
    });
    expect(found).toHaveLength(120);
    for (const [index, { metrics, event }] of (found as readonly TelemetryPoint[]).entries())
      expect((metrics?.text ?? event) === long(index)).toBe(true);
  });

  it('that could not be laid out leave nothing behind for those that come next', async () => {
    const bare = point(1, {});
    const bad = point(2, { event: 1 as unknown as string });
    expect(await store.write([bare, bad], 2)).toMatchObject({ kind: 'retry' });
    const good = [1, 2].map((seq) =>
      point(seq, { event: 'e', metrics: { fuel: seq }, position: { lat: 1, lon: seq } }),
    );
    await store.write(good, 4);
    const { points: found } = await store.read({ deviceKey: 'k', limit: 10 });
    expect(found).toEqual(
      good.map(({ at, flags, event, metrics, position }) => ({ at, flags, event, metrics, position })),
    );
  });
});
