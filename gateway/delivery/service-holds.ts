import type { PushOutcome } from './push-sender.ts';

/** Failures in a row after which a push service is left alone. One may be chance, and those under way at once fail together. */
const FAILURES_TO_HOLD = 3;
const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 60_000;
/** What a service asks for is honoured up to here; an absurd figure must not silence it for good. */
const LONGEST_ASKED_MS = 3_600_000;
const MAX_ORIGINS = 1_000;

/**
 * Which push services to leave alone for a while, so that one that does not answer takes no room from the others: each message
 * to it would hold its place until the timeout.
 */
export interface ServiceHolds {
  /** For how long the origin is to be left alone; 0: not at all. @param now real time, epoch ms */
  waitMs(origin: string, now: number): number;
  /** Learns from what became of a message. */
  note(origin: string, outcome: PushOutcome, now: number): void;
}

export function createServiceHolds(): ServiceHolds {
  const troubled = new Map<string, { readonly failures: number; readonly until: number }>();
  return {
    waitMs(origin, now) {
      return Math.max(0, (troubled.get(origin)?.until ?? 0) - now);
    },
    note(origin, outcome, now) {
      if (!concernsService(outcome)) {
        troubled.delete(origin);
        return;
      }
      const failures = (troubled.get(origin)?.failures ?? 0) + 1;
      const doubledMs = FIRST_HOLD_MS * 2 ** Math.min(failures - FAILURES_TO_HOLD, 20);
      const ownMs = failures < FAILURES_TO_HOLD ? 0 : Math.min(LONGEST_HOLD_MS, doubledMs);
      const holdMs = Math.max(ownMs, Math.min(LONGEST_ASKED_MS, outcome.afterMs ?? 0));
      if (troubled.size >= MAX_ORIGINS) troubled.clear();
      troubled.set(origin, { failures, until: now + holdMs });
    },
  };
}

/** A 429 may be about one subscription alone (RFC 8030 §8.4), and says that the service is well; no answer and 5xx do not. */
function concernsService(outcome: PushOutcome): outcome is PushOutcome & { readonly kind: 'retry' } {
  return outcome.kind === 'retry' && outcome.reason !== 'http_429' && outcome.reason !== 'http_408';
}
