import type { MessagePort } from 'node:worker_threads';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { DAY_MS } from '../../rules/time/duration.ts';
import type { Clock } from '../clock.ts';
import { type CellSum, saveCellDays, sumCells, uncountedDays } from '../records/cell-days.ts';
import type { Schema } from '../records/schema.ts';
import { startWorker } from '../worker-rpc.ts';
import type { CellDay } from './cell-tally.ts';
import type { CellCalls, CellSettings } from './cell-thread.ts';

const LOOK_EVERY_MS = 60_000;
/** Days that one thread counts: it holds who was where on each of them. */
const DAYS_A_COUNT = 8;
/** Today's counts are made anew at most that often, and take no more than a tenth of the time. */
const TODAY_FRESH_MS = 30_000;
const TODAY_SHARE = 10;
/** Whoever asks is answered with what there is. */
const WAIT_FOR_TODAY_MS = 10_000;
/** A day's devices by cell: a fleet that needs more has its day left out, and takes nothing else with it. */
const HEAP_MIB = 1_024;

/** What the engine's thread tells of the telemetry store. */
interface CellSource {
  /** A port through which another thread can have one scan. */
  openScan(): MessagePort;
  oldestPosition(): Promise<number | null>;
  status(): Promise<{
    readonly telemetryStore: string;
    /** Why the store takes nothing, or null. */
    readonly telemetryTrouble: string | null;
    /** Real ms since the oldest arrived that it does not have. */
    readonly telemetryBacklog: { readonly lagMs: number };
  }>;
}

export interface CellsParts {
  readonly records: Kysely<Schema>;
  readonly engine: CellSource;
  readonly clock: Clock;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  readonly log: Logger;
}

/** What is known of where devices were, without where any of them was. */
export interface CellAnswer {
  readonly cells: readonly CellSum[];
  /** Domain time up to which today is counted, epoch ms; null where today was not asked for or is not counted yet. */
  readonly upTo: number | null;
}

/** Counts of devices by cell and day: past days are counted once and kept, today is counted when somebody asks. */
export interface Cells {
  start(): void;
  stop(): Promise<void>;
  /** The days [from, to), as days since 1970 (UTC). @throws WaysideError `telemetry_unavailable` */
  between(from: number, to: number): Promise<CellAnswer>;
}

interface Today {
  readonly day: number;
  readonly cells: readonly CellDay[];
  readonly upTo: number;
  /** Real time. */
  readonly countedAt: number;
  readonly tookMs: number;
}

export function createCells({ records, engine, clock, realNow, log }: CellsParts): Cells {
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let stopping = false;
  /** Everything before this day is counted. */
  let countedUntil = Number.NEGATIVE_INFINITY;
  let failing = false;
  let today: Today | null = null;
  let countingToday: Promise<void> | null = null;
  const threads = new Set<() => Promise<void>>();

  const dayNow = () => Math.floor(clock.now() / DAY_MS);

  async function count(from: number, to: number): Promise<readonly CellDay[]> {
    const rows = await records.selectFrom('devices').select('device_key').execute();
    const { telemetryStore } = await engine.status();
    const port = engine.openScan();
    const settings: CellSettings = {
      port,
      deviceKeys: rows.map((row) => row.device_key),
      from,
      to,
      byArrival: telemetryStore === 'duckdb',
    };
    const thread = startWorker<CellCalls, object>(
      new URL('./cell-thread.ts', import.meta.url),
      settings,
      {},
      // The call below rejects with it.
      () => undefined,
      { maxOldGenerationSizeMb: HEAP_MIB },
      [port],
    );
    threads.add(thread.terminate);
    try {
      return await thread.call.count();
    } finally {
      threads.delete(thread.terminate);
      await thread.terminate();
    }
  }

  async function countPast(): Promise<void> {
    const end = dayNow();
    if (end <= countedUntil) return;
    const { telemetryBacklog, telemetryTrouble } = await engine.status();
    // What arrived before midnight has to be in the store.
    if (telemetryTrouble !== null || telemetryBacklog.lagMs * clock.timeScale > clock.now() - end * DAY_MS)
      return;
    const oldest = await engine.oldestPosition();
    if (oldest !== null) {
      const days = await uncountedDays(records, Math.floor(oldest / DAY_MS), end);
      for (const [first, last] of runsOf(days)) {
        if (stopping) return;
        const cells = await count(first * DAY_MS, (last + 1) * DAY_MS);
        await saveCellDays(records, daysFrom(first, last), cells);
      }
    }
    countedUntil = end;
  }

  async function look(): Promise<void> {
    try {
      await countPast();
      failing = false;
    } catch (error) {
      if (!failing && !stopping)
        log.warn({ err: error }, 'days could not be counted into cells; it is tried again');
      failing = true;
    }
  }

  async function countToday(): Promise<void> {
    const day = dayNow();
    const [upTo, began] = [clock.now(), realNow()];
    const cells = await count(day * DAY_MS, upTo);
    today = { day, cells, upTo, countedAt: realNow(), tookMs: realNow() - began };
  }

  /** Counts of today that are fresh enough; those before, where new ones take long. */
  async function todays(): Promise<Today | null> {
    const isFresh =
      today !== null &&
      today.day === dayNow() &&
      realNow() - today.countedAt < Math.max(TODAY_FRESH_MS, TODAY_SHARE * today.tookMs);
    if (isFresh) return today;
    countingToday ??= countToday().finally(() => {
      countingToday = null;
    });
    const counting = countingToday;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, WAIT_FOR_TODAY_MS);
    try {
      await Promise.race([counting, promise]);
    } finally {
      clearTimeout(timer);
      // Nobody may be waiting when it fails.
      counting.catch(() => undefined);
    }
    return today?.day === dayNow() ? today : null;
  }

  return {
    start() {
      const lookOnce = () => {
        if (isLooking) return;
        isLooking = true;
        void look().finally(() => {
          isLooking = false;
        });
      };
      timer = setInterval(lookOnce, LOOK_EVERY_MS);
      lookOnce();
    },
    async stop() {
      stopping = true;
      clearInterval(timer);
      for (const terminate of threads) await terminate();
    },
    async between(from, to) {
      const now = dayNow();
      const past = await sumCells(records, from, Math.min(to, now));
      if (now < from || now >= to) return { cells: past, upTo: null };
      const found = await todays();
      return { cells: withToday(past, found?.cells ?? []), upTo: found?.upTo ?? null };
    },
  };
}

function withToday(past: readonly CellSum[], today: readonly CellDay[]): readonly CellSum[] {
  const sums = new Map(past.map((sum) => [sum.cell, sum]));
  for (const { cell, devices, readings } of today) {
    const { days = 0, devices: most = 0, readings: before = 0 } = sums.get(cell) ?? {};
    sums.set(cell, { cell, days: days + 1, devices: Math.max(most, devices), readings: before + readings });
  }
  return [...sums.values()];
}

/** Days that follow one another, as first and last, in parts that one thread counts. */
function runsOf(days: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && day === run[1] + 1 && day - run[0] < DAYS_A_COUNT) run[1] = day;
    else runs.push([day, day]);
  }
  return runs;
}

function daysFrom(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
