import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';
import type { TelemetryPoint } from '../../../gateway/telemetry/telemetry-store.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const WRITER = new URL('./duckdb-writer.ts', import.meta.url).pathname;
const T0 = 1_700_000_000_000;

function point(seq: number, part: Partial<TelemetryPoint> = {}): TelemetryPoint {
  return { deviceKey: 'device', at: T0 + seq, seq, receivedAt: T0, metrics: { n: seq }, flags: [], ...part };
}

describe('DuckDB store', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'wayside-duckdb-'));
    file = path.join(directory, 'telemetry.duckdb');
  });
  afterEach(() => fs.rm(directory, { recursive: true, force: true }));

  /** Starts the writing process, and waits for its first stored batches. */
  async function startWriter() {
    const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stored = 0;
    const lines = readline.createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      stored = Number(line);
    });
    const closed = once(lines, 'close');
    while (stored < 50) await once(lines, 'line');
    return {
      /** Kills it, and gives the last sequence that it said was stored. */
      async kill() {
        child.kill('SIGKILL');
        await closed;
        return stored;
      },
    };
  }

  it('keeps every batch that it said was stored, once and whole, when the process is killed', async () => {
    const writer = await startWriter();
    const said = await writer.kill();
    const store = createDuckDbStore({ file });
    await store.start();
    const storedSeq = (await store.storedSeq()) ?? 0;
    expect(storedSeq).toBeGreaterThanOrEqual(said);
    // What a journal would send again: from before the cursor to beyond it.
    const again = Array.from({ length: 30 }, (_, n) => point(storedSeq - 19 + n, { deviceKey: 'killed' }));
    await store.write(again, storedSeq + 10);
    const { points } = await store.read({ deviceKey: 'killed', metric: 'n', limit: 100_000 });
    await store.stop();
    expect(points.map((found) => 'value' in found && found.value)).toEqual(
      Array.from({ length: storedSeq + 10 }, (_, n) => n + 1),
    );
  });

  it('says that the file is in use by another process', async () => {
    const writer = await startWriter();
    try {
      await expect(createDuckDbStore({ file }).start()).rejects.toMatchObject({ code: 'data_dir_in_use' });
    } finally {
      await writer.kill();
    }
  });

  it.each([
    ['is no database', async () => fs.writeFile(file, 'hello '.repeat(5000))],
    [
      'has a broken block',
      async () => {
        const store = createDuckDbStore({ file });
        await store.start();
        await store.write([point(1)], 1);
        await store.stop();
        const bytes = await fs.readFile(file);
        await fs.writeFile(file, bytes.fill(7, 4096, 12_288));
      },
    ],
  ])('says that a file is damaged when it %s', async (_what, damage) => {
    await damage();
    const store = createDuckDbStore({ file });
    await expect(store.start()).rejects.toMatchObject({ code: 'data_dir_damaged' });
    await store.stop();
  });

  it('says that the directory is missing', async () => {
    const store = createDuckDbStore({ file: path.join(directory, 'missing', 'telemetry.duckdb') });
    await expect(store.start()).rejects.toMatchObject({ code: 'data_dir_unwritable' });
  });

  it('leaves no byte of an erased device in any file', async () => {
    const store = createDuckDbStore({ file });
    await store.start();
    const secret = 'Zaubermantel';
    // So few that they stay uncompressed, and can be looked for.
    const points = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0 ? point(n + 1, { deviceKey: 'key-to-forget', metrics: { word: secret } }) : point(n + 1),
    );
    await store.write(points, 20);
    await store.stop();
    expect((await fs.readFile(file)).includes(secret)).toBe(true);
    await store.start();
    await store.erase(['key-to-forget']);
    const names = await fs.readdir(directory);
    for (const name of names) {
      const bytes = await fs.readFile(path.join(directory, name));
      expect([name, bytes.includes(secret), bytes.includes('key-to-forget')]).toEqual([name, false, false]);
    }
    expect((await store.read({ deviceKey: 'device', metric: 'n', limit: 10_000 })).points).toHaveLength(10);
    expect(await store.storedSeq()).toBe(20);
    await store.stop();
  });

  it('leaves no byte of what was too old either, once the file can be written anew again', async () => {
    const store = createDuckDbStore({ file });
    await store.start();
    const secret = 'Zaubermantel';
    await store.write([point(1, { metrics: { word: secret } }), point(2)], 2);
    // Out of the log, into the file.
    await store.stop();
    await store.start();
    await fs.mkdir(`${file}.successor`);
    const outdated = { readings: [{ deviceKeys: ['device'], before: T0 + 2 }], positionsBefore: null };
    await expect(store.expire(outdated)).rejects.toMatchObject({ code: 'telemetry_unavailable' });
    expect((await fs.readFile(file)).includes(secret)).toBe(true);
    await fs.rmdir(`${file}.successor`);
    // Nothing is too old any more, and what was is still there.
    await store.expire(outdated);
    await store.stop();
    expect((await fs.readFile(file)).includes(secret)).toBe(false);
    expect(await fs.readdir(directory)).toEqual(['telemetry.duckdb']);
  });

  it('starts after an erasure that was cut short', async () => {
    await fs.writeFile(`${file}.successor`, 'half a file');
    const store = createDuckDbStore({ file });
    await store.start();
    expect(await store.storedSeq()).toBe(0);
    await store.stop();
    expect(await fs.readdir(directory)).toEqual(['telemetry.duckdb']);
  });

  it('scans what comes more and more slowly, whatever the length of its windows', async () => {
    const store = createDuckDbStore({ file });
    await store.start();
    // Windows grow by half where they bring about a quarter of a batch, and come to no whole number of milliseconds.
    const windowMs = Array.from({ length: 7 }, (_, turn) => 60_000 * 1.5 ** turn);
    let from = T0;
    let seq = 0;
    for (const length of windowMs) {
      const points = Array.from({ length: 9_000 }, (_, n) => {
        seq += 1;
        return point(seq, { receivedAt: Math.floor(from + (n / 9_000) * length), metrics: { n: 1 } });
      });
      await store.write(points, seq);
      from += length;
    }
    await store.write([point(seq + 1, { receivedAt: Math.floor(from) + 3_600_000 })], seq + 1);
    const query = {
      from: T0,
      to: T0 + 30 * 86_400_000,
      deviceKeys: ['device'],
      numbers: [],
      metrics: false,
    } as const;
    const scanned: number[] = [];
    for await (const batch of store.scan(query)) scanned.push(...batch.seq);
    await store.stop();
    expect(scanned).toEqual(Array.from({ length: seq + 1 }, (_, index) => index + 1));
  });

  it('is copied as of one moment while it is written, read and rid of what is too old', async () => {
    const store = createDuckDbStore({ file });
    await store.start();
    onTestFinished(() => store.stop());
    const POINTS = 60_000;
    const kept = Array.from({ length: POINTS }, (_, n) => ({
      deviceKey: `key-${n % 50}`,
      at: T0 + n,
      seq: n + 1,
      receivedAt: T0 + n,
      position: { lat: n / POINTS, lon: 9 },
      metrics: { n },
      flags: [],
    }));
    await store.write(kept, POINTS);
    let copying = true;
    const copy = path.join(directory, 'copy.duckdb');
    const copied = store.copyTo(copy).finally(() => {
      copying = false;
    });
    const cleared = store.expire({ readings: [], positionsBefore: T0 + POINTS });
    let written = POINTS;
    do {
      written += 1;
      const point = { deviceKey: 'live', at: T0 + written, seq: written, receivedAt: T0 + written };
      await store.write([{ ...point, metrics: { n: written }, flags: [] }], written);
    } while (copying);
    expect(await copied).toBe(true);
    expect(await cleared).toEqual({ kind: 'removed' });
    expect(await store.oldestPosition()).toBe(null);
    expect(await store.storedSeq()).toBe(written);

    const other = createDuckDbStore({ file: copy });
    await other.start();
    onTestFinished(() => other.stop());
    // What was there when it began, with its positions: the clearing waited.
    const copiedTo = (await other.storedSeq()) ?? 0;
    expect(copiedTo).toBeGreaterThanOrEqual(POINTS);
    expect(copiedTo).toBeLessThan(written);
    expect(await other.oldestPosition()).toBe(T0);
    expect((await other.read({ deviceKey: 'live', limit: 100_000 })).points).toHaveLength(copiedTo - POINTS);
    const { points } = await other.read({ deviceKey: 'key-7', limit: 100_000 });
    expect(points).toHaveLength(POINTS / 50);
    expect(points[0]).toMatchObject({ at: T0 + 7, metrics: { n: 7 }, position: { lat: 7 / POINTS } });
  });

  it('stores 100,000 readings within a few seconds of processor time', async () => {
    const store = createDuckDbStore({ file });
    await store.start();
    const startedAt = cpuMs();
    for (let seq = 0; seq < 100_000; seq += 2000) {
      await store.write(
        Array.from({ length: 2000 }, (_, n) =>
          point(seq + n + 1, {
            deviceKey: `device-${n % 100}`,
            position: { lat: 45 + n * 1e-5, lon: 9, accuracy: 8, speed: 3 },
            metrics: { fuel: 0.5, rpm: 2000 + n, doorOpen: false },
          }),
        ),
        seq + 2000,
      );
    }
    // Measured at 150,000 a second and more; the bound only finds a blunder.
    expect(cpuMs() - startedAt).toBeLessThan(5_000);
    const { points } = await store.read({ deviceKey: 'device-7', limit: 100_000 });
    expect(points).toHaveLength(1000);
    await store.stop();
  });
});
