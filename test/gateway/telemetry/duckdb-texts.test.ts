import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
