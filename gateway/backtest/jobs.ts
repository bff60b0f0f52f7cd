import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import { WaysideError } from '../errors.ts';
import { startWorker } from '../worker-rpc.ts';
import type { BacktestCalls, BacktestListener, BacktestSettings } from './backtest-calls.ts';
import { createJob, type Job } from './job.ts';
import type { BacktestReport } from './report.ts';
import type { BacktestRequest } from './request.ts';

const MOST_RUNNING = 2;
const MOST_WAITING = 10;
/** Ended ones are kept for whoever asks later. */
const MOST_KEPT = 20;
/** A trial that needs more ends with an error, and takes nothing else with it. */
const HEAP_MIB = 1_536;

export interface BacktestParts {
  readonly recordsFile: string;
  /** Begins a scan, and gives the port through which it comes. */
  openScan(): MessagePort;
  /** Whether a mail server is set, by which people can be reached. */
  readonly mail: boolean;
  readonly newId: () => string;
  /** Epoch ms. */
  readonly realNow: () => number;
  readonly log: Logger;
}

/** Trials of rules on the past, each in a thread of its own. */
export interface Backtests {
  /** @throws WaysideError `too_many_backtests` */
  begin(request: BacktestRequest): BacktestReport;
  /** @throws WaysideError `not_found` */
  report(id: string): BacktestReport;
  /** Resolves when it has ended, or after that time. @throws WaysideError `not_found` */
  wait(id: string, withinMs: number): Promise<BacktestReport>;
  /** Ends it where it waits or runs. @throws WaysideError `not_found` */
  cancel(id: string): BacktestReport;
  /** Forgets reports in which one of these ids stands, and ends what may yet come to it: it can be begun anew. */
  forget(ids: readonly string[]): void;
  stop(): Promise<void>;
}

export function createBacktests(parts: BacktestParts): Backtests {
  /** In the order in which they were begun. */
  const jobs = new Map<string, Job>();
  const terminating = new Set<Promise<void>>();

  const inState = (state: BacktestReport['state']) => [...jobs.values()].filter((job) => job.state === state);

  function jobOf(id: string): Job {
    const job = jobs.get(id);
    if (job === undefined)
      throw new WaysideError('not_found', `there is no backtest "${id}"; the newest ${MOST_KEPT} are kept`);
    return job;
  }

  function startNext(): void {
    if (inState('running').length >= MOST_RUNNING) return;
    const [job] = inState('waiting');
    if (job === undefined) return;
    start(job);
    startNext();
  }

  function start(job: Job): void {
    const port = parts.openScan();
    const settings: BacktestSettings = {
      recordsFile: parts.recordsFile,
      port,
      request: job.request,
      ways: { mail: parts.mail, realNow: parts.realNow() },
    };
    const thread = startWorker<BacktestCalls, BacktestListener>(
      new URL('./backtest-thread.ts', import.meta.url),
      settings,
      { progress: (progress) => job.progressed(progress) },
      // The call below rejects with it.
      () => undefined,
      { maxOldGenerationSizeMb: HEAP_MIB },
      [port],
    );
    job.started(() => {
      const terminated = thread.terminate().finally(() => terminating.delete(terminated));
      terminating.add(terminated);
    });
    thread.call
      .run()
      .then(
        (counts) => job.done(counts),
        (error: unknown) => {
          // A thread that was cancelled is no failure.
          if (!job.hasEnded && !(error instanceof WaysideError))
            parts.log.error(
              { err: error, backtest: job.id, rule: job.request.ruleId },
              'a backtest broke off',
            );
          job.failed(error);
        },
      )
      .finally(() => {
        forgetOld();
        startNext();
      });
  }

  function forgetOld(): void {
    const ended = [...jobs.values()].filter((job) => job.hasEnded);
    for (const job of ended.slice(0, -MOST_KEPT)) jobs.delete(job.id);
  }

  return {
    begin(request) {
      if (inState('waiting').length >= MOST_WAITING) {
        const detail = `${MOST_RUNNING} run and ${MOST_WAITING} wait already`;
        throw new WaysideError('too_many_backtests', detail);
      }
      const job = createJob(parts.newId(), request, parts.realNow);
      jobs.set(job.id, job);
      startNext();
      return job.report();
    },
    report: (id) => jobOf(id).report(),
    async wait(id, withinMs) {
      const job = jobOf(id);
      await job.ended(withinMs);
      return job.report();
    },
    cancel(id) {
      const job = jobOf(id);
      job.cancelled();
      forgetOld();
      startNext();
      return job.report();
    },
    forget(ids) {
      const texts = ids.map((id) => JSON.stringify(id));
      for (const [id, job] of jobs) {
        job.cancelled();
        const report = JSON.stringify(job.report());
        if (texts.some((text) => report.includes(text))) jobs.delete(id);
      }
      forgetOld();
      startNext();
    },
    async stop() {
      for (const job of jobs.values()) job.cancelled();
      await Promise.all(terminating);
    },
  };
}
