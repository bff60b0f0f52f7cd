import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { createBacktests } from '../../gateway/backtest/jobs.ts';
import type { BacktestReport } from '../../gateway/backtest/report.ts';
import type { BacktestRequest } from '../../gateway/backtest/request.ts';
import { queryOf, worldOf } from '../../gateway/backtest/run.ts';
import { createSimulation } from '../../gateway/backtest/simulation.ts';
import { openRecords } from '../../gateway/records/open.ts';
import { getRule } from '../../gateway/records/rules.ts';
import type { Schema } from '../../gateway/records/schema.ts';
import { createDuckDbStore } from '../../gateway/telemetry/duckdb-store.ts';
import { serveScan } from '../../gateway/telemetry/scan-port.ts';
import type { TelemetryStore } from '../../gateway/telemetry/telemetry-store.ts';
import { CITY_BEGIN, DEVICES, storeCity } from './backtest-city.ts';
import { furnishRecords, putPlaces } from './backtest-records.ts';
import type { Bench, BenchRow } from './bench.ts';

const POSITIONS = 10_000_000;
const AIM_SECONDS = 60;
/** Enough to tell how fast the peer is. */
const SHARE_OF_PEER = 0.1;
const TRIED = 'low-fuel';

const SECONDS = 'seconds';
const RATE = 'positions/s';
const COLUMNS = ['positions', SECONDS, RATE, 'offers of all rules'];

/** A rule tried on ten million stored positions, beside 19 others; and the same with every position through `decide`, in one thread. */
export const backtestBench: Bench = {
  name: 'backtest',
  about: '10,000,000 stored positions of 2,500 cars through 20 rules; needs 2 GB of disk and some minutes',
  byNameOnly: true,
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
      const setUpSeconds = Math.round((performance.now() - began) / 1000);
      const rows: BenchRow[] = [];
      for (const kind of ['circles', 'neighbourhoods'] as const) {
        const places = `${(await putPlaces(db, kind)).toLocaleString('en')} ${kind}`;
        progress(`${places}: the backtest, in a thread of its own`);
        const request = await requestOf(db, until + 1);
        rows.push({ subject: `Wayside, ${places}`, figures: await inThread(recordsFile, store, request) });
        progress(`${places}: every position through decide, in one thread`);
        rows.push({
          subject: `every position decided, ${places}`,
          figures: await plainly(db, store, request),
        });
      }
      const slowest = Math.max(...rows.filter((_, index) => index % 2 === 0).map(secondsOf));
      return {
        name: 'backtest',
        conditions: `${DEVICES} cars in a city of 24 km, a fix every 10 s on the way and every minute at rest, every tenth with fuel; 20 live rules of all triggers. Setting up took ${setUpSeconds} s. Load average at the end: ${loadavg()[0]?.toFixed(1)}.`,
        columns: COLUMNS,
        rows,
        ratios: [
          {
            name: 'seconds for all positions, the slower of both',
            value: slowest,
            aim: `below ${AIM_SECONDS}`,
          },
        ],
      };
    } finally {
      await store.stop();
      await db.destroy();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

const secondsOf = ({ figures }: BenchRow): number => Number(figures[SECONDS]);

async function requestOf(db: Kysely<Schema>, to: number): Promise<BacktestRequest> {
  const { document, version } = await getRule(db, TRIED);
  return { ruleId: TRIED, document, version, from: CITY_BEGIN, to, alone: false };
}

/** As in the gateway: the store's thread scans, another decides. */
async function inThread(
  recordsFile: string,
  store: TelemetryStore,
  request: BacktestRequest,
): Promise<BenchRow['figures']> {
  const backtests = createBacktests({
    recordsFile,
    openScan() {
      const { port1, port2 } = new MessageChannel();
      serveScan(port1, store);
      return port2;
    },
    mail: false,
    newId: randomUUID,
    realNow: Date.now,
    log: pino({ level: 'silent' }),
  });
  const began = performance.now();
  const { id } = backtests.begin(request);
  const report = await backtests.wait(id, LONGEST_MS);
  await backtests.stop();
  return figuresOf(report, (performance.now() - began) / 1000);
}

const LONGEST_MS = 3_600_000;

/** No short way, and nothing at the same time. */
async function plainly(
  db: Kysely<Schema>,
  store: TelemetryStore,
  request: BacktestRequest,
): Promise<BenchRow['figures']> {
  const to = request.from + (request.to - request.from) * SHARE_OF_PEER;
  const world = await worldOf(db, request, request.from, {
    log: pino({ level: 'silent' }),
    ways: { mail: false, realNow: Date.now() },
  });
  let positions = 0;
  let sent = 0;
  const simulation = createSimulation({
    ...world,
    skims: false,
    observer: {
      reading: () => {
        positions += 1;
      },
      decided: (_owner, decisions) => {
        for (const { outcome } of decisions) if (outcome.kind === 'sent') sent += 1;
      },
    },
  });
  const began = performance.now();
  for await (const batch of store.scan(queryOf(world, request.from, Math.floor(to)))) simulation.take(batch);
  simulation.finish(to);
  const seconds = (performance.now() - began) / 1000;
  return { positions, [SECONDS]: seconds, [RATE]: positions / seconds, 'offers of all rules': sent };
}

function figuresOf(report: BacktestReport, seconds: number): BenchRow['figures'] {
  if (report.state !== 'done') throw new Error(`the backtest ${report.state}: ${report.error?.detail}`);
  const { positions, decisions, otherRules } = report;
  return {
    positions,
    [SECONDS]: seconds,
    [RATE]: positions / seconds,
    'offers of all rules': otherRules.sent + decisions.sent,
  };
}
