/**
 * Run by duckdb-store.test.ts as a process of its own, to be killed: writes batches of ten points for ever, and says the
 * sequence of each after it was stored.
 */
import { createDuckDbStore } from '../../../gateway/telemetry/duckdb-store.ts';

const BATCH = 10;
const file = process.argv[2];
if (file === undefined) throw new Error('which file?');
const store = createDuckDbStore({ file });
await store.start();
for (let seq = 0; ; seq += BATCH) {
  const points = Array.from({ length: BATCH }, (_, n) => ({
    deviceKey: 'killed',
    at: 1_700_000_000_000 + seq + n,
    seq: seq + n + 1,
    receivedAt: 1_700_000_000_000,
    metrics: { n: seq + n + 1 },
    flags: [],
  }));
  const outcome = await store.write(points, seq + BATCH);
  if (outcome.kind !== 'stored') throw new Error(outcome.message);
  process.stdout.write(`${seq + BATCH}\n`);
}
