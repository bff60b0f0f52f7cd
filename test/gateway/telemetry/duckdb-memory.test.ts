import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryLimit, isOutOfMemory } from '../../../gateway/telemetry/duckdb-memory.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import { metricsOf } from '../../../gateway/telemetry/telemetry-scan.ts';
import type { TelemetryPoint, TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';

const T0 = Date.UTC(2026, 2, 1, 12);
const MIB = 1024 * 1024;
const OUT_OF_MEMORY = new Error(
  'TransactionContext Error: Failed to commit: failed to pin block of size 256.0 KiB',
);
const READINGS_A_WRITE = 40;

/** Of 60 kB that do not repeat themselves. */
function large(seq: number): TelemetryPoint {
  const texts = Array.from({ length: 240 }, (_, k) => [
    `m${k}`,
    createHash('shake256', { outputLength: 120 }).update(`${seq} ${k}`).digest('hex'),
  ]);
  const at = T0 + seq * 10;
  return { deviceKey: 'k', at, seq, receivedAt: at, flags: [], metrics: Object.fromEntries(texts) };
}

/** Writes the readings of these sequences, and gives what was not stored at once. */
async function write(store: TelemetryStore, first: number, last: number): Promise<string[]> {
  const refused: string[] = [];
  for (let seq = first; seq <= last; seq += READINGS_A_WRITE) {
    const points = Array.from({ length: READINGS_A_WRITE }, (_, n) => large(seq + n));
    const outcome = await store.write(points, seq + READINGS_A_WRITE - 1);
    if (outcome.kind === 'retry') refused.push(outcome.message);
  }
  return refused;
}

describe('a DuckDB with little memory', () => {
  it('is given more for large readings before it needs it, also after a start', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'wayside-memory-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const options = { file: join(dir, 'telemetry.duckdb'), memoryMb: 64 };
    const before = createDuckDbStore(options);
    await before.start();
    // Some 70 MB; with 64 MB it failed for good once that was to be written into the file.
    expect(await write(before, 1, 1_200)).toEqual([]);
    await before.stop();
    const store = createDuckDbStore(options);
    await store.start();
    onTestFinished(() => store.stop());
    expect(await write(store, 1_201, 2_400)).toEqual([]);
    expect(await store.storedSeq()).toBe(2_400);

    const found: unknown[] = [];
    let most = 0;
    const query = { deviceKeys: ['k'], from: T0, to: T0 + 1_000_000, numbers: [], metrics: true } as const;
    for await (const batch of store.scan(query)) {
      most = Math.max(most, batch.metrics.json.length);
      // What lies behind a batch is passed over.
      found.push(...metricsOf(batch).slice(0, batch.rows));
    }
    expect(found).toHaveLength(2_400);
    expect(found[2_399]).toEqual(large(2_400).metrics);
    // All of it is 144 MB, which was one text.
    expect(most).toBeLessThan(17 * MIB);
  });
});

describe('the limit of memory', () => {
  it('stays as it is for short readings, however many', () => {
    const limit = createMemoryLimit();
    for (let n = 0; n < 1_000; n += 1) expect(limit.expect(10_000, 10_000 * 500)).toBe(false);
    expect(limit.mb).toBe(256);
  });

  it('goes by what 2,048 rows are together, and ends', () => {
    const limit = createMemoryLimit();
    expect(limit.expect(1_000, 100 * MIB)).toBe(false);
    expect(limit.expect(1_000, 100 * MIB)).toBe(true);
    expect(limit.mb).toBe(512);
    expect(limit.expect(4_096, 8_000 * MIB)).toBe(true);
    expect(limit.mb).toBe(2_048);
    expect(limit.expect(4_096, 8_000 * MIB)).toBe(false);
    expect(limit.learn(OUT_OF_MEMORY)).toBe(false);
  });

  it('is doubled by an error for want of memory, and by no other', () => {
    const limit = createMemoryLimit();
    expect(limit.learn(new Error('no space left'))).toBe(false);
    expect(limit.learn(OUT_OF_MEMORY)).toBe(true);
    expect(limit.learn(new Error('Out of Memory Error: could not allocate block'))).toBe(true);
    expect(limit.mb).toBe(1_024);
    expect(isOutOfMemory('Out of Memory Error')).toBe(false);
  });
});
