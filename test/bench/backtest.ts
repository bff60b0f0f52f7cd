import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { Kysely } from 'kysely';
import { createBacktests } from '../../gateway/backtest/jobs.ts';
import type { BacktestReport } from '../../gateway/backtest/report.ts';
import { openRecords } from '../../gateway/records/open.ts';
import type { Schema } from '../../gateway/records/schema.ts';
import { createDuckDbStore } from '../../gateway/telemetry/duckdb-store.ts';
import { serveScan } from '../../gateway/telemetry/scan-port.ts';
import type { TelemetryStore } from '../../gateway/telemetry/telemetry-store.ts';
import { CITY_BEGIN, DEVICES, storeCity } from './backtest-city.ts';
import { furnishRecords, type PlaceKind, putPlaces } from './backtest-records.ts';
import type { Bench, BenchRow } from './bench.ts';

const POSITIONS = Number(process.env.WAYSIDE_BENCH_POSITIONS ?? 10_000_000);
const TRIED = 'low-fuel';

/** A rule tried on ten million stored positions, beside 19 others. */
export const backtestBench: Bench = {
  name: 'backtest',
  about: '10,000,000 stored positions through 20 rules',
  async run(progress) {
    const directory = await mkdtemp(join(tmpdir(), 'wayside-backtest-bench-'));
    const store = createDuckDbStore({ file: join(directory, 'telemetry.duckdb') });
    const recordsFile = join(directory, 'wayside.db');
    const db = openRecords(recordsFile);
    try {
      const began = performance.now();
      await furnishRecords(db);
      await store.start();
      const until = await storeCity(store, POSITIONS, progress);
      const setUpSeconds = (performance.now() - began) / 1000;
      const rows: BenchRow[] = [];
      for (const kind of ['circles', 'neighbourhoods'] as const) {
        const places = await putPlaces(db, kind);
        const subject = `${places.toLocaleString('en')} ${kind}`;
        progress(subject);
        rows.push({ subject, figures: await inThread(recordsFile, db, store, until + 1, kind) });
      }
      return {
        name: 'backtest',
        conditions: `${DEVICES} cars; setting up took ${Math.round(setUpSeconds)} s`,
        columns: ['seconds', 'positions/s', 'sent', 'suppressed'],
        rows,
        ratios: [],
      };
    } finally {
      await store.stop();
      await db.destroy();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function inThread(
  recordsFile: string,
  db: Kysely<Schema>,
  store: TelemetryStore,
  to: number,
  _kind: PlaceKind,
): Promise<BenchRow['figures']> {
  const { document_json } = await db
    .selectFrom('rules')
    .select('document_json')
    .where('id', '=', TRIED)
    .executeTakeFirstOrThrow();
  const backtests = createBacktests({
    recordsFile,
    openScan() {
      const { port1, port2 } = new MessageChannel();
      serveScan(port1, store);
      return port2;
    },
    newId: randomUUID,
    realNow: Date.now,
  });
  const began = performance.now();
  const { id } = backtests.begin({
    ruleId: TRIED,
    document: JSON.parse(document_json),
    version: 1,
    from: CITY_BEGIN,
    to,
    alone: false,
  });
  const report = await backtests.wait(id, 600_000);
  await backtests.stop();
  return figuresOf(report, (performance.now() - began) / 1000);
}

function figuresOf(report: BacktestReport, seconds: number): BenchRow['figures'] {
  if (report.state !== 'done') throw new Error(`the backtest ${report.state}: ${report.error?.detail}`);
  const suppressed = Object.values(report.decisions.suppressed).reduce((sum, one) => sum + one, 0);
  return {
    seconds,
    'positions/s': report.positions / seconds,
    sent: report.otherRules.sent + report.decisions.sent,
    suppressed,
  };
}
