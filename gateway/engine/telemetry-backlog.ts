import type { Clock } from '../clock.ts';
import type { JournalReader } from '../journal/journal.ts';

/** What the journal holds and the telemetry store does not have yet. */
export interface TelemetryBacklog {
  /** In the journal's segments. */
  readonly bytes: number;
  /** Real ms since the oldest of it arrived; 0 where there is none. */
  readonly lagMs: number;
}

/** Several ask at a time (/metrics, /readyz, the trimming of the journal). */
const FRESH_MS = 1_000;
const NONE: TelemetryBacklog = { bytes: 0, lagMs: 0 };

/** @param reader of its own, for it jumps about in the journal */
export function createTelemetryBacklog(
  reader: JournalReader,
  clock: Clock,
  realNow: () => number,
): (storedSeq: number, journalSeq: number) => Promise<TelemetryBacklog> {
  let last = NONE;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async (storedSeq, journalSeq) => {
    if (storedSeq >= journalSeq) return NONE;
    if (realNow() - lookedAt < FRESH_MS) return last;
    lookedAt = realNow();
    const behind = await reader.behind(storedSeq);
    last =
      behind === null
        ? NONE
        : {
            bytes: behind.bytes,
            // A start of time may have been set anew since: then the past lies ahead.
            lagMs: Math.max(0, Math.round((clock.now() - behind.oldestReceivedAt) / clock.timeScale)),
          };
    return last;
  };
}
