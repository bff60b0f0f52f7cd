import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Schema } from '../records/schema.ts';
import { SCAN_NUMBERS, type ScanQuery } from '../telemetry/telemetry-scan.ts';
import type { TelemetryScanner } from '../telemetry/telemetry-store.ts';
import { createSimulatedLedger } from './ledger.ts';
import { ledgerAt } from './ledger-then.ts';
import { createPerson } from './people.ts';
import { type OtherWays, populationOf } from './people-then.ts';
import type { BacktestCounts } from './report.ts';
import { type BacktestRequest, WARM_UP_MS } from './request.ts';
import { rulebookFor } from './rulebook-then.ts';
import { createSimulation, type SimulationParts } from './simulation.ts';
import { createTally } from './tally.ts';

export interface BacktestProgress {
  /** 0 to 1. */
  readonly progress: number;
  readonly counts: BacktestCounts;
}

/** Between two tellings of how far it is. */
const TELL_EVERY_MS = 500;

export interface RunOptions {
  /** Ms, for nothing but when to tell how far it is. */
  now(): number;
  /** Told of what is saved and not understood. */
  readonly log: Logger;
  readonly ways: OtherWays;
  /** Ends it early: what was counted by then is the result. */
  readonly stopped?: AbortSignal;
}

/**
 * Carries a backtest out: reads the records once, then goes through the telemetry as it is scanned.
 *
 * @param tell how far it is, a few times a second at most
 * @throws WaysideError `invalid_document`, `telemetry_unavailable`
 */
export async function runBacktest(
  db: Kysely<Schema>,
  scanner: TelemetryScanner,
  request: BacktestRequest,
  tell: (progress: BacktestProgress) => void,
  { now, log, ways, stopped }: RunOptions,
): Promise<BacktestCounts> {
  const { from, to, ruleId } = request;
  const startsAt = Math.max(0, from - WARM_UP_MS);
  const world = await worldOf(db, request, startsAt, { log, ways });
  const { rulebook, otherRules, devices, people } = world;
  const placeName = (id: string) => rulebook.place(id)?.place.name ?? id;
  const tally = createTally({ ruleId, from, to, devices, people: people.length, otherRules, placeName });
  const simulation = createSimulation({ ...world, observer: tally });
  let toldAt = now();
  for await (const batch of scanner.scan(queryOf(world, startsAt, to))) {
    if (stopped?.aborted) return tally.counts();
    simulation.take(batch);
    if (now() - toldAt < TELL_EVERY_MS) continue;
    toldAt = now();
    const until = batch.receivedAt[batch.rows - 1] ?? startsAt;
    tell({ progress: (until - startsAt) / (to - startsAt), counts: tally.counts() });
  }
  simulation.finish(to);
  return tally.counts();
}

/** All that a simulation works with, as it was at its begin. */
export interface BacktestWorld extends Omit<SimulationParts, 'observer'> {
  readonly otherRules: number;
  readonly readsMetrics: boolean;
  readonly deviceKeys: readonly string[];
}

export async function worldOf(
  db: Kysely<Schema>,
  request: BacktestRequest,
  startsAt: number,
  { log, ways }: Pick<RunOptions, 'log' | 'ways'>,
): Promise<BacktestWorld> {
  const { rulebook, otherRules, readsMetrics } = await rulebookFor(db, request, log);
  const { deviceKeys, devices, people } = await populationOf(db, ways);
  const ledger = createSimulatedLedger(rulebook, await ledgerAt(db, rulebook, startsAt));
  return {
    rulebook,
    otherRules,
    readsMetrics,
    deviceKeys,
    devices,
    people: people.map(createPerson),
    ledger,
  };
}

/** What has to be read of the telemetry. */
export function queryOf({ deviceKeys, readsMetrics }: BacktestWorld, from: number, to: number): ScanQuery {
  return { from, to, deviceKeys, numbers: SCAN_NUMBERS, metrics: readsMetrics };
}
