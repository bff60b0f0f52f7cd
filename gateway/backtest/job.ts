import { WaysideError } from '../errors.ts';
import { NOTES } from './notes.ts';
import type { BacktestCounts, BacktestReport, BacktestState } from './report.ts';
import type { BacktestRequest } from './request.ts';
import type { BacktestProgress } from './run.ts';

/** One trial of a rule, from when it was asked for until it is forgotten. */
export interface Job {
  readonly id: string;
  readonly request: BacktestRequest;
  readonly state: BacktestState;
  readonly hasEnded: boolean;
  report(): BacktestReport;
  /** Resolves when it has ended, or after that time. */
  ended(withinMs: number): Promise<void>;
  /** @param end stops its thread; called once, when it has ended */
  started(end: () => void): void;
  progressed(progress: BacktestProgress): void;
  /** What has ended stays as it is: these come too late then. */
  done(counts: BacktestCounts): void;
  failed(error: unknown): void;
  cancelled(): void;
}

const NOTHING_COUNTED: BacktestCounts = {
  readings: 0,
  positions: 0,
  devices: 0,
  consumers: 0,
  consumersReached: 0,
  decisions: { sent: 0, suppressed: {} },
  perHour: [],
  perPlace: [],
  perVariant: [],
  otherRules: { rules: 0, sent: 0 },
  decisionsSample: [],
  journeys: { type: 'FeatureCollection', features: [] },
  truncated: { perPlace: false, decisionsSample: false, journeys: false },
};

/** @param realNow epoch ms */
export function createJob(id: string, request: BacktestRequest, realNow: () => number): Job {
  let state: BacktestState = 'waiting';
  let progress = 0;
  let counts = NOTHING_COUNTED;
  let error: WaysideError | null = null;
  let startedAt: number | null = null;
  let endedAt: number | null = null;
  let endThread: () => void = () => undefined;
  const { promise: hasEnded, resolve: tellEnd } = Promise.withResolvers<void>();

  function end(as: BacktestState): void {
    if (endedAt !== null) return;
    state = as;
    endedAt = realNow();
    endThread();
    tellEnd();
  }

  return {
    id,
    request,
    get state() {
      return state;
    },
    get hasEnded() {
      return endedAt !== null;
    },
    report() {
      const { ruleId, version, from, to, alone } = request;
      return {
        id,
        rule: ruleId,
        ruleVersion: version,
        from,
        to,
        alone,
        state,
        progress,
        ...counts,
        notes: NOTES,
        ...(error !== null && { error: { code: error.code, detail: error.detail } }),
        startedAt,
        endedAt,
      };
    },
    async ended(withinMs) {
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, withinMs);
      await Promise.race([hasEnded, timeout.promise]);
      clearTimeout(timer);
    },
    started(endIt) {
      state = 'running';
      startedAt = realNow();
      endThread = endIt;
    },
    progressed(now) {
      if (endedAt !== null) return;
      progress = Math.min(1, Math.max(0, now.progress));
      counts = now.counts;
    },
    done(all) {
      if (endedAt !== null) return;
      counts = all;
      progress = 1;
      end('done');
    },
    failed(thrown) {
      if (endedAt !== null) return;
      error = thrown instanceof WaysideError ? thrown : new WaysideError('internal', whyBroken(thrown));
      end('failed');
    },
    cancelled: () => end('cancelled'),
  };
}

function whyBroken(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { readonly code?: unknown };
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'it needed more memory than a backtest may take; try a shorter time, or the rule alone'
    : 'the backtest broke off; the log has more';
}
