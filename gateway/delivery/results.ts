import { type Kysely, sql, type Transaction } from 'kysely';
import { listed } from '../records/listed.ts';
import type { DeliveryChannel, Schema } from '../records/schema.ts';
import type { DeliveryRow } from './due-facts.ts';
import { STILL_WAITS } from './waiting.ts';

/** What became of a delivery in one round. */
export type DeliveryResult = {
  readonly id: string;
  /** By which it was tried, or null where none was. */
  readonly channel: DeliveryChannel | null;
  readonly attempted: boolean;
  readonly goneSubscriptions: readonly string[];
} & (
  | {
      readonly kind: 'sent';
      /** The other side has it for certain. */
      readonly isDelivered: boolean;
    }
  | { readonly kind: 'retrying'; readonly nextAttemptAt: number; readonly reason: string }
  | { readonly kind: 'gone' | 'failed' | 'expired' | 'withdrawn'; readonly reason: string }
);

/**
 * Writes results, all or none. A row that has moved on meanwhile (its receipt was faster) keeps its state; one that was withdrawn
 * too late to keep it back is told as it is, sent.
 *
 * @param at domain time, for `sent_at` and `gone_at` @returns the rows as they are now
 */
export type RecordResults = (
  results: readonly DeliveryResult[],
  at: number,
) => Promise<readonly DeliveryRow[]>;

/** Who writes results and the engine write in turn, so that little of what either keeps is of use the next time; nor to who sends. */
export const OUTBOX_RECORDS = { cacheKibibytes: 4 * 1024 };

/** Writes results into these records. */
export function recordResultsInto(db: Kysely<Schema>): RecordResults {
  return async (results, at) => {
    if (results.length === 0) return [];
    return db.transaction().execute(async (trx) => {
      const sent = results.filter((result) => result.kind === 'sent');
      for (const alike of Map.groupBy(sent, sentHow).values()) await recordSent(trx, alike, at);
      for (const result of results) if (result.kind !== 'sent') await recordUnsent(trx, result);
      const gone = results.flatMap((result) => result.goneSubscriptions);
      if (gone.length > 0) {
        await trx
          .updateTable('push_subscriptions')
          .set({ gone_at: at })
          .where('id', 'in', listed(gone))
          .where('gone_at', 'is', null)
          .execute();
      }
      const ids = listed(results.map((result) => result.id));
      return trx.selectFrom('deliveries').selectAll().where('id', 'in', ids).execute();
    });
  };
}

type Sent = Extract<DeliveryResult, { readonly kind: 'sent' }>;

/** Those of which all the same is written. */
function sentHow({ channel, attempted, isDelivered }: Sent): string {
  return `${channel} ${attempted} ${isDelivered}`;
}

/** Also where the receipt came first: then only the time of sending was missing. */
async function recordSent(trx: Transaction<Schema>, alike: readonly Sent[], sentAt: number): Promise<void> {
  const [first] = alike;
  if (first === undefined) return;
  await trx
    .updateTable('deliveries')
    .where('id', 'in', listed(alike.map(({ id }) => id)))
    .set({
      state: sql`case when state in ('queued', 'retrying', 'withdrawn') then 'sent' else state end`,
      ...channelOf(first),
      sent_at: sql`coalesce(sent_at, ${sentAt})`,
      ...(first.isDelivered && { delivered_at: sql`coalesce(delivered_at, ${sentAt})` }),
      attempts: sql`attempts + ${attemptsOf(first)}`,
      next_attempt_at: null,
      reason: null,
    })
    .execute();
}

async function recordUnsent(
  trx: Transaction<Schema>,
  result: Exclude<DeliveryResult, { readonly kind: 'sent' }>,
): Promise<void> {
  await trx
    .updateTable('deliveries')
    .where('id', '=', result.id)
    .where(STILL_WAITS)
    .set({
      state: result.kind,
      ...channelOf(result),
      attempts: sql`attempts + ${attemptsOf(result)}`,
      reason: result.reason,
      next_attempt_at: result.kind === 'retrying' ? result.nextAttemptAt : null,
    })
    .execute();
}

function channelOf({ channel }: DeliveryResult) {
  return channel === null ? {} : { channel };
}

function attemptsOf({ attempted }: DeliveryResult): number {
  return attempted ? 1 : 0;
}
