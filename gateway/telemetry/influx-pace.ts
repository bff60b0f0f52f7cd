import type { InfluxError } from './influx-answer.ts';
import type { WriteOutcome } from './telemetry-store.ts';

/** Half of what InfluxDB advises for one request, for several are on their way at once; made in some 5 ms. */
const MOST_LINES = 2_500;
const LEAST_LINES = 50;
/** A server that is this slow with that few lines is not there. */
const LONGEST_TIMEOUT_MS = 60_000;
/** After successes without a break, twice as many lines are tried again. */
const SUCCESSES_TO_GROW = 20;
/** After so many at what was not too large, twice as much is tried: a proxy is mended without this process hearing of it. */
const SUCCESSES_TO_TRY_MORE = 200;

const FIRST_RETRY_MS = 250;
/** Catching up should begin soon after the server is back. */
const LONGEST_RETRY_MS = 5_000;
/** Nothing but a person mends a wrong token: asking more often only fills the server's log. */
const RETRY_AFTER_REFUSAL_MS = 30_000;
/** A server's wish is granted up to here; beyond it, it is a mistake. */
const LONGEST_RETRY_AFTER_MS = 15 * 60_000;

/** How much a server takes at once, and how often it is asked again: learnt from how it answers. */
export interface Pace {
  /** Lines a request. */
  readonly lines: number;
  /** How long to wait for an answer. */
  readonly timeoutMs: number;
  succeeded(): void;
  /** It said that a request of so many lines was too large (413). */
  tooLarge(lines: number): void;
  /** It did not answer, or not in time: fewer lines and more patience, or a slow one would be sent the same for ever. */
  unanswered(lines: number): void;
  retry(error: InfluxError): WriteOutcome;
}

/** @param timeoutMs how long to wait for an answer from a server that is well */
export function createPace(timeoutMs: number): Pace {
  let lines = MOST_LINES;
  let patienceMs = timeoutMs;
  let failures = 0;
  let successes = 0;
  /** What was not too large. Beyond it one request in `SUCCESSES_TO_TRY_MORE` is spent. */
  let ceiling = MOST_LINES;
  let underCeiling = 0;

  return {
    get lines() {
      return lines;
    },
    get timeoutMs() {
      return patienceMs;
    },
    succeeded() {
      failures = 0;
      successes += 1;
      underCeiling = ceiling < MOST_LINES ? underCeiling + 1 : 0;
      if (underCeiling === SUCCESSES_TO_TRY_MORE) {
        underCeiling = 0;
        ceiling = Math.min(MOST_LINES, ceiling * 2);
      }
      if (successes < SUCCESSES_TO_GROW) return;
      successes = 0;
      lines = Math.min(ceiling, lines * 2);
      patienceMs = Math.max(timeoutMs, patienceMs / 2);
    },
    tooLarge(sent) {
      ceiling = Math.max(1, Math.min(ceiling, Math.floor(sent / 2)));
      lines = Math.min(lines, ceiling);
      successes = 0;
      underCeiling = 0;
    },
    unanswered(sent) {
      lines = Math.min(lines, Math.max(Math.min(LEAST_LINES, ceiling), Math.ceil(sent / 2)));
      patienceMs = Math.min(Math.max(LONGEST_TIMEOUT_MS, timeoutMs), patienceMs * 2);
      successes = 0;
    },
    retry(error) {
      failures += 1;
      const own =
        error.status === 401 || error.status === 403
          ? RETRY_AFTER_REFUSAL_MS
          : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10));
      const afterMs = Math.min(LONGEST_RETRY_AFTER_MS, error.retryAfterMs ?? own);
      return { kind: 'retry', afterMs, message: error.message };
    },
  };
}
