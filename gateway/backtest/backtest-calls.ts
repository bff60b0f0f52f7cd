import type { MessagePort } from 'node:worker_threads';
import type { OtherWays } from './people-then.ts';
import type { BacktestCounts } from './report.ts';
import type { BacktestRequest } from './request.ts';
import type { BacktestProgress } from './run.ts';

/** What a backtest's thread is started with. */
export interface BacktestSettings {
  readonly recordsFile: string;
  /** Telemetry comes through it; it must be handed over. */
  readonly port: MessagePort;
  readonly request: BacktestRequest;
  readonly ways: OtherWays;
}

/** Served by the backtest's thread. */
export interface BacktestCalls {
  run(): Promise<BacktestCounts>;
}

/** Served to it. */
export interface BacktestListener {
  progress(progress: BacktestProgress): void;
}
