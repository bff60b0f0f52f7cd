import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exportedReadings } from '../../../gateway/export/exported-readings.ts';
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';

const T0 = 1_763_756_400_000;
const SMALL = 700;
const LARGE = 800;
const CHARACTERS = 100_000;

it('is whole where a page of readings is larger than the memory of the store, and its pages stay short', async () => {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'wayside-export-'));
  onTestFinished(() => fs.rm(directory, { recursive: true }));
  const file = path.join(directory, 'telemetry.duckdb');
  const writer = createDuckDbStore({ file });
  await writer.start();
  // Small ones first: nothing tells that large ones follow.
  for (let start = 0; start < SMALL + LARGE; start += 100) {
    const points = Array.from({ length: 100 }, (_, i) => {
      const n = start + i;
      const text = n < SMALL ? 'x' : String(n).padEnd(CHARACTERS, 'x');
      return {
        deviceKey: 'wordy',
        at: T0 + n,
        seq: n + 1,
        receivedAt: T0 + n,
        metrics: { n, text },
        flags: [],
      };
    });
    expect(await writer.write(points, start + 100)).toMatchObject({ kind: 'stored', rejected: [] });
  }
  await writer.stop();

  // A page of 2,000 of them has 80 MB.
  const store = createDuckDbStore({ file, memoryMb: 48 });
  await store.start();
  onTestFinished(() => store.stop());
  const found: unknown[] = [];
  let longest = 0;
  for await (const page of exportedReadings(store, 'wordy', null, T0 + 3_600_000)) {
    for (const { metrics } of page) found.push(metrics?.n);
    longest = Math.max(longest, JSON.stringify(page).length);
  }
  expect(found).toEqual(Array.from({ length: SMALL + LARGE }, (_, n) => n));
  expect(longest).toBeLessThan(1.2 * 1024 * 1024);
});
