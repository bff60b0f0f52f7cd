import type { PushOutcome } from './push-sender.ts';

/** Failures in a row after which a push service is left alone. One may be chance, and those under way at once fail together. */
const FAILURES_TO_HOLD = 3;
/** What may be about one subscription (RFC 8030 §8.4) or one mailbox alone (RFC 5321 §4.2.3). */
const REFUSALS = new Set(['http_408', 'http_429', 'smtp_450', 'smtp_451', 'smtp_452']);
/** So many of these in a row, and nothing else, are about the sender. */
const REFUSALS_TO_HOLD = 10;
const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 60_000;
/** What a service asks for is honoured up to here; an absurd figure must not silence it for good. */
const LONGEST_ASKED_MS = 3_600_000;
/** A random part of this share is added to each hold, so that gateways that failed together do not come back together. */
const JITTER = 0.2;
const MAX_ORIGINS = 1_000;

/** How well a push service does: `new` has never answered, `trying` was held and is to show with one message that it is back. */
export type ServiceHealth = 'well' | 'new' | 'troubled' | 'trying' | 'held';

/**
 * Which push services to leave alone for a while (a circuit breaker for each), so that one that does not answer takes no room
 * from the others: each message to it would hold its place until the timeout.
 */
export interface ServiceHolds {
  /** For how long the origin is to be left alone; 0: not at all. @param now real time, epoch ms */
  waitMs(origin: string, now: number): number;
  health(origin: string, now: number): ServiceHealth;
  /** Learns from what became of a message. */
  note(origin: string, outcome: PushOutcome, now: number): void;
}

interface Standing {
  /** Without an answer, or with 5xx, since the last good answer. */
  readonly failures: number;
  /** Of REFUSALS, since the last good answer. */
  readonly refusals: number;
  /** How many holds followed each other. */
  readonly holds: number;
  readonly until: number;
}

const WELL: Standing = { failures: 0, refusals: 0, holds: 0, until: 0 };

/** @param random in [0, 1) */
export function createServiceHolds(random: () => number): ServiceHolds {
  /** The one that was heard of longest ago comes first. */
  const known = new Map<string, Standing>();

  function remember(origin: string, standing: Standing): void {
    known.delete(origin);
    const oldest = known.keys().next();
    if (known.size >= MAX_ORIGINS && !oldest.done) known.delete(oldest.value);
    known.set(origin, standing);
  }

  return {
    waitMs(origin, now) {
      return Math.max(0, (known.get(origin)?.until ?? 0) - now);
    },
    health(origin, now) {
      const standing = known.get(origin);
      if (standing === undefined) return 'new';
      if (standing.until > now) return 'held';
      if (standing.holds > 0) return 'trying';
      return standing.failures > 0 ? 'troubled' : 'well';
    },
    note(origin, outcome, now) {
      if (outcome.kind !== 'retry') {
        remember(origin, WELL);
        return;
      }
      const before = known.get(origin) ?? WELL;
      const isRefusal = REFUSALS.has(outcome.reason);
      const failures = before.failures + (isRefusal ? 0 : 1);
      const refusals = before.refusals + (isRefusal ? 1 : 0);
      const askedMs = Math.min(LONGEST_ASKED_MS, outcome.afterMs ?? 0);
      const isTooMuch = failures >= FAILURES_TO_HOLD || refusals >= REFUSALS_TO_HOLD;
      // What was under way when the hold began fails with it, and is no news; the one message after a hold is.
      const isNews = isTooMuch && before.until <= now;
      const ownMs = isNews
        ? Math.min(LONGEST_HOLD_MS, FIRST_HOLD_MS * 2 ** Math.min(before.holds, 20)) * (1 + JITTER * random())
        : 0;
      const holdMs = Math.max(ownMs, isRefusal && !isTooMuch ? 0 : askedMs);
      const holds = before.holds + (isNews || (holdMs > 0 && before.holds === 0) ? 1 : 0);
      remember(origin, {
        failures,
        refusals,
        holds,
        until: Math.max(before.until, now + Math.round(holdMs)),
      });
    },
  };
}
