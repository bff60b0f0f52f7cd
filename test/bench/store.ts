import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDuckDbStore } from '../../gateway/telemetry/duckdb-store.ts';
import { createInfluxStore } from '../../gateway/telemetry/influx-store.ts';
import type { TelemetryStore } from '../../gateway/telemetry/telemetry-store.ts';
import { createInfluxd, type Influxd, influxdMissing } from '../support/influxd.ts';
import type { Bench, BenchResult, BenchRow } from './bench.ts';
import { countPoints, openClient, runStatement, writePoint } from './store-client.ts';
import {
  OUTAGE_SECONDS,
  type OutageFigures,
  outageOfClient,
  outageOfWayside,
  RATE_A_SECOND,
} from './store-outage.ts';
import { pointOf, pointsOf } from './store-points.ts';

const ROUNDS = 3;
const POINTS_A_ROUND = 150_000;
/** As the telemetry writer hands them over. */
const POINTS_A_WRITE = 10_000;

const ROWS = 'rows/s';
const CPU = 'CPU µs a row';
const CATCH_UP = 'catch-up, readings/s';
const LOST = 'lost in the outage';
const COLUMNS = [ROWS, CPU, CATCH_UP, LOST, 'stored of sent', 'rules wait meanwhile, p99'];

interface Contender {
  readonly subject: string;
  /** Stores the points of a round, and says when they are stored. */
  run(afterSeq: number): Promise<void>;
  stored(): Promise<number>;
  stop(): Promise<void>;
  readonly rates: number[];
  /** User and system time of this process, all threads, µs a row. */
  readonly cpu: number[];
}

/** The way of readings into the stores, and what an outage costs, beside InfluxData's client as it comes. */
export const storeBench: Bench = {
  name: 'store',
  about:
    "rows/s into DuckDB and InfluxDB, and what a 5-minute outage costs, beside the client library's defaults",
  async run(progress) {
    const directory = await mkdtemp(join(tmpdir(), 'wayside-store-bench-'));
    const influxd = influxdMissing === null ? await createInfluxd() : null;
    try {
      await influxd?.start();
      const contenders = [await duckDb(directory), ...(influxd === null ? [] : await onInflux(influxd))];
      await measureRates(contenders, progress);
      const outages = new Map<string, OutageFigures>();
      if (influxd !== null) {
        outages.set(WAYSIDE_INFLUX, await outageOfWayside(influxd, progress));
        outages.set(CLIENT, await outageOfClient(influxd, progress));
      }
      return resultOf(contenders, outages);
    } finally {
      await influxd?.remove();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

const WAYSIDE_DUCKDB = 'Wayside, DuckDB (a transaction a batch, fsync)';
const WAYSIDE_INFLUX = 'Wayside, InfluxDB 1.6';
const CLIENT = 'influxdb-client, its defaults, InfluxDB 1.6';

async function measureRates(
  contenders: readonly Contender[],
  progress: (line: string) => void,
): Promise<void> {
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const contender of contenders) {
      progress(`${round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`}: ${contender.subject}`);
      const cpuBefore = process.cpuUsage();
      const began = performance.now();
      await contender.run(round * POINTS_A_ROUND);
      const rate = (1000 * POINTS_A_ROUND) / (performance.now() - began);
      const { user, system } = process.cpuUsage(cpuBefore);
      if (round === 0) continue;
      contender.rates.push(rate);
      contender.cpu.push((user + system) / POINTS_A_ROUND);
    }
  }
  const expected = (ROUNDS + 1) * POINTS_A_ROUND;
  for (const contender of contenders) {
    const stored = await contender.stored();
    // No figure may come from rows that are not there.
    if (stored !== expected)
      throw new Error(`${contender.subject}: ${stored} rows are stored of ${expected}`);
    await contender.stop();
  }
}

async function duckDb(directory: string): Promise<Contender> {
  const store = createDuckDbStore({ file: join(directory, 'telemetry.duckdb') });
  await store.start();
  return {
    subject: WAYSIDE_DUCKDB,
    rates: [],
    cpu: [],
    run: (afterSeq) => writeRound(store, afterSeq),
    async stored() {
      const devices = new Set(pointsOf(0, 1_000).map(({ deviceKey }) => deviceKey));
      let rows = 0;
      for (const deviceKey of devices)
        rows += (await store.read({ deviceKey, metric: 'rpm', limit: 100_000 })).points.length;
      return rows;
    },
    stop: () => store.stop(),
  };
}

async function onInflux(influxd: Influxd): Promise<Contender[]> {
  const store = createInfluxStore({ url: influxd.url, token: '', org: '', bucket: 'wayside' });
  await store.start();
  await runStatement(influxd.url, 'CREATE DATABASE client');
  let taken = 0;
  const api = openClient(influxd.url, 'client', (lines) => {
    taken += lines;
  });
  return [
    {
      subject: WAYSIDE_INFLUX,
      rates: [],
      cpu: [],
      run: (afterSeq) => writeRound(store, afterSeq),
      stored: () => countPoints(influxd.url, 'wayside'),
      stop: () => store.stop(),
    },
    {
      subject: CLIENT,
      rates: [],
      cpu: [],
      async run(afterSeq) {
        for (let seq = afterSeq + 1; seq <= afterSeq + POINTS_A_ROUND; seq += 1) {
          writePoint(api, pointOf(seq));
          // A turn for its requests: it has no back-pressure, and would send all of them at once.
          if (seq % POINTS_A_WRITE === 0) await api.flush();
        }
        await api.flush();
        while (taken < afterSeq + POINTS_A_ROUND) await new Promise((resolve) => setTimeout(resolve, 1));
      },
      stored: () => countPoints(influxd.url, 'client'),
      stop: () => api.close(),
    },
  ];
}

async function writeRound(store: TelemetryStore, afterSeq: number): Promise<void> {
  for (let done = 0; done < POINTS_A_ROUND; done += POINTS_A_WRITE) {
    const points = pointsOf(afterSeq + done, POINTS_A_WRITE);
    const outcome = await store.write(points, afterSeq + done + POINTS_A_WRITE);
    if (outcome.kind !== 'stored' || outcome.rejected.length > 0)
      throw new Error(JSON.stringify(outcome).slice(0, 500));
  }
}

function resultOf(
  contenders: readonly Contender[],
  outages: ReadonlyMap<string, OutageFigures>,
): BenchResult {
  const rate = (subject: string) => median(contenders.find((one) => one.subject === subject)?.rates ?? []);
  return {
    name: 'store',
    conditions:
      `${ROUNDS} rounds of ${POINTS_A_ROUND.toLocaleString('en')} points of 200 cars (position and three metrics), ${POINTS_A_WRITE.toLocaleString('en')} a write, median, each making its points itself; ` +
      `the outage leaves ${(RATE_A_SECOND * OUTAGE_SECONDS).toLocaleString('en')} readings (${RATE_A_SECOND.toLocaleString('en')} a second for ${OUTAGE_SECONDS} s), made at once; ` +
      'while Wayside catches up, journal, rules and readings that come in at the same rate run in the same thread, and InfluxDB beside it.' +
      (influxdMissing === null ? '' : ` InfluxDB was left out: ${influxdMissing}`),
    columns: COLUMNS,
    rows: contenders.map((contender) => rowOf(contender, outages.get(contender.subject))),
    ratios:
      outages.size === 0
        ? []
        : [
            {
              name: 'Wayside : the client with its defaults, rows/s into InfluxDB',
              value: rate(WAYSIDE_INFLUX) / rate(CLIENT),
              aim: '1 or more, losing nothing',
            },
          ],
  };
}

function rowOf(contender: Contender, outage: OutageFigures | undefined): BenchRow {
  const figures: Record<string, number | string> = {
    [ROWS]: median(contender.rates),
    [CPU]: median(contender.cpu),
  };
  if (outage !== undefined) {
    figures[CATCH_UP] = Number.isNaN(outage.catchUp) ? 'never' : outage.catchUp;
    figures[LOST] = outage.sent - outage.stored;
    figures['stored of sent'] = `${((100 * outage.stored) / outage.sent).toFixed(1)} %`;
    const delays = outage.liveDelays.toSorted((a, b) => a - b);
    if (delays.length > 0)
      figures['rules wait meanwhile, p99'] =
        `${(delays[Math.floor(delays.length * 0.99)] ?? 0).toFixed(0)} ms`;
  }
  return { subject: contender.subject, figures };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
