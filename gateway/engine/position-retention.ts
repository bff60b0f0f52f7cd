import type { Kysely } from 'kysely';
import { DAY_MS } from '../../rules/time/duration.ts';
import type { Clock } from '../clock.ts';
import { emptyRecordsLog } from '../records/empty-records-log.ts';
import type { Schema } from '../records/schema.ts';
import { deletingSecurely } from '../records/secure-delete.ts';
import type { TelemetryStore } from '../telemetry/telemetry-store.ts';

/** Clearing writes the whole DuckDB file anew: once a day at most, in real time, however fast domain time runs. */
const CLEAR_EVERY_MS = DAY_MS;
/** Days are counted into cells first; but what keeps them from being counted does not keep positions. */
const WAIT_FOR_COUNTS_MS = DAY_MS;
/** Quarantined messages that one transaction deletes. */
const MESSAGES_A_STEP = 200;

export interface PositionRetentionParts {
  readonly db: Kysely<Schema>;
  readonly store: Pick<TelemetryStore, 'oldestPosition'>;
  /** Domain time, by which positions are old. */
  readonly clock: Clock;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  /** How many days positions are kept; 0: for ever. */
  readonly days: number;
}

/** Says when positions have grown too old, by whole days (UTC): within a day it is asked any number of times, and done once. */
export interface PositionRetention {
  /** Positions that arrived before this are to be cleared now, epoch ms; null: none. */
  due(): Promise<number | null>;
  /** Whether it waits for days to be counted, and is to be asked again soon. */
  readonly isWaiting: boolean;
  /** They were, or can't be. */
  cleared(before: number): void;
  /** Deletes quarantined messages that were last seen before that time, for they hold positions as they came. */
  clearQuarantine(): Promise<number>;
}

export function createPositionRetention(parts: PositionRetentionParts): PositionRetention {
  const { db, store, clock, realNow, days } = parts;
  let clearedBefore = Number.NEGATIVE_INFINITY;
  let clearedAt = Number.NEGATIVE_INFINITY;
  let messagesClearedBefore = Number.NEGATIVE_INFINITY;
  /** What was deleted is still in the log. */
  let isInLog = false;
  /** Since when it waits for days to be counted (real time), and the time of the oldest position then. */
  let waiting: { readonly since: number; readonly oldest: number } | null = null;

  const bound = () => (Math.floor(clock.now() / DAY_MS) - days) * DAY_MS;

  async function isCounted(from: number, before: number): Promise<boolean> {
    const first = Math.floor(from / DAY_MS);
    const end = before / DAY_MS;
    const { counted } = await db
      .selectFrom('counted_days')
      .select((row) => row.fn.countAll<number>().as('counted'))
      .where('day', '>=', first)
      .where('day', '<', end)
      .executeTakeFirstOrThrow();
    return counted >= end - first;
  }

  return {
    async due() {
      const before = bound();
      if (days === 0 || before <= clearedBefore || realNow() - clearedAt < CLEAR_EVERY_MS) return null;
      const oldest = waiting?.oldest ?? (await store.oldestPosition());
      if (oldest === null || oldest >= before) {
        clearedBefore = before;
        return null;
      }
      if (await isCounted(oldest, before)) return before;
      waiting ??= { since: realNow(), oldest };
      return realNow() - waiting.since > WAIT_FOR_COUNTS_MS ? before : null;
    },
    get isWaiting() {
      return waiting !== null;
    },
    cleared(before) {
      clearedBefore = before;
      clearedAt = realNow();
      waiting = null;
    },
    async clearQuarantine() {
      const before = bound();
      if (days === 0 || before <= messagesClearedBefore) return 0;
      let cleared = 0;
      for (let step = MESSAGES_A_STEP; step === MESSAGES_A_STEP; cleared += step)
        step = await deleteSome(before);
      isInLog ||= cleared > 0;
      if (isInLog) await emptyRecordsLog(db);
      isInLog = false;
      messagesClearedBefore = before;
      return cleared;
    },
  };

  function deleteSome(before: number): Promise<number> {
    return db.transaction().execute((trx) =>
      deletingSecurely(trx, async () => {
        const oldest = trx
          .selectFrom('quarantine')
          .select('id')
          .where('last_seen_at', '<', before)
          .orderBy('last_seen_at')
          .limit(MESSAGES_A_STEP);
        const { numDeletedRows } = await trx
          .deleteFrom('quarantine')
          .where('id', 'in', oldest)
          .executeTakeFirst();
        return Number(numDeletedRows);
      }),
    );
  }
}
