import { type Kysely, sql, type Transaction } from 'kysely';
import { listed } from '../records/listed.ts';
import type { DeliveryChannel, Schema } from '../records/schema.ts';
import { type DeliveryRow, type DueDelivery, type FactSources, withFacts } from './due-facts.ts';
import type { LaneName } from './lanes.ts';

/** A waiting delivery, and the lane in which it goes. */
export interface LaneMember {
  readonly id: string;
  readonly lane: LaneName;
}

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

/** The outbox as rows: `deliveries` that are queued or retrying. */
export interface OutboxStore {
  /**
   * Due deliveries that are parked in no lane, earliest first, and the lane of each.
   *
   * @param now real time, epoch ms @param except ids that are being worked on
   */
  unparked(now: number, limit: number, except: readonly string[]): Promise<readonly LaneMember[]>;
  /** Sets deliveries aside that found no place, so that they are not looked through to find those of other lanes. */
  park(members: readonly LaneMember[]): Promise<void>;
  /** Lanes with parked deliveries, and the real time at which the first of each falls due. */
  parkedLanes(): Promise<readonly { readonly lane: LaneName; readonly nextDueAt: number }[]>;
  /** Parked in one lane and due, earliest first. */
  parked(lane: LaneName, now: number, limit: number, except: readonly string[]): Promise<readonly string[]>;
  /** Deliveries that wait, with what the records say about them now. */
  load(ids: readonly string[]): Promise<readonly DueDelivery[]>;
  /** What waits for these people, up to `limit`. */
  waitingFor(consumers: readonly string[], limit: number): Promise<readonly string[]>;
  /** Anything that waits, up to `limit`. */
  waiting(limit: number): Promise<readonly string[]>;
  /** Those whose offer is over, in whatever lane they wait. */
  over(now: number, limit: number, except: readonly string[]): Promise<readonly DeliveryRow[]>;
  /** Real time at which the next delivery falls due after `now`, or null where none does. */
  nextDueAt(now: number): Promise<number | null>;
  /**
   * Writes results, all or none. A row that has moved on meanwhile (its receipt was faster) keeps its state; one that was withdrawn
   * too late to keep it back is told as it is, sent.
   *
   * @param at domain time, for `sent_at` and `gone_at` @returns the rows as they are now
   */
  record(results: readonly DeliveryResult[], at: number): Promise<readonly DeliveryRow[]>;
  /** How many wait, and since when (domain time; null where none does). */
  backlog(): Promise<{ readonly size: number; readonly oldestCreatedAt: number | null }>;
}

/**
 * Literals and not parameters, for SQLite takes the index over waiting rows only where its condition stands in the query. Which
 * index is said as well (`indexed by`): SQLite knows nothing of how many rows wait, takes the one over all states, and looks
 * through 100,000 of them each time.
 */
const WAITING = sql<boolean>`state in ('queued', 'retrying')`;

/** Of rows that are found by their id: the plus keeps SQLite from the index over states. */
const STILL_WAITS = sql<boolean>`+${WAITING}`;
const BY_LANE = sql`deliveries indexed by deliveries_by_lane`;

/**
 * The lane of a consumer's deliveries (lanes.ts): the origins of their live subscriptions, else the channel that is next. Of a
 * webhook the id, for where it leads may change.
 */
const LANE = sql<LaneName>`coalesce(
  (select group_concat(origin, ' ') from (select distinct origin from push_subscriptions
    where consumer_id = deliveries.consumer and gone_at is null order by origin)),
  (select 'webhook:' || webhook from consumers where id = deliveries.consumer),
  (select 'email' from consumers where id = deliveries.consumer and email is not null),
  'inbox')`;

/** One step through the index for each lane, however many deliveries wait in it. */
const parkedLanes = sql<{ readonly lane: LaneName; readonly nextDueAt: number }>`
  with recursive names (lane) as (
    select min(lane) from ${BY_LANE} where ${WAITING} and lane is not null
    union all
    select (select min(lane) from ${BY_LANE} where ${WAITING} and lane > names.lane) from names where lane is not null)
  select lane, (select min(next_attempt_at) from ${BY_LANE} where ${WAITING} and lane = names.lane) as "nextDueAt"
  from names where lane is not null`;

/** @param writer where it writes, that it may go on reading meanwhile; the same records */
export function createOutboxStore(sources: FactSources, writer: Kysely<Schema>): OutboxStore {
  const { db } = sources;
  return {
    async unparked(now, limit, except) {
      const { rows } = await sql<LaneMember>`
        select id, ${LANE} as lane from ${BY_LANE}
        where ${WAITING} and lane is null and next_attempt_at <= ${now}${excluding(except)}
        order by next_attempt_at limit ${limit}`.execute(db);
      return rows;
    },

    async park(members) {
      if (members.length === 0) return;
      const idsOf = Map.groupBy(members, ({ lane }) => lane);
      await unsynced(writer, async (trx) => {
        for (const [lane, some] of idsOf) {
          const ids = listed(some.map(({ id }) => id));
          await trx
            .updateTable('deliveries')
            .set({ lane })
            .where('id', 'in', ids)
            .where(STILL_WAITS)
            .execute();
        }
      });
    },

    async parkedLanes() {
      const { rows } = await parkedLanes.execute(db);
      return rows;
    },

    async parked(lane, now, limit, except) {
      const { rows } = await sql<{ readonly id: string }>`
        select id from ${BY_LANE}
        where ${WAITING} and lane = ${lane} and next_attempt_at <= ${now}${excluding(except)}
        order by next_attempt_at limit ${limit}`.execute(db);
      return rows.map(({ id }) => id);
    },

    async load(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('deliveries')
        .selectAll()
        .where('id', 'in', listed(ids))
        .where(STILL_WAITS)
        .orderBy('next_attempt_at')
        .execute();
      return withFacts(sources, rows);
    },

    async waitingFor(consumers, limit) {
      if (consumers.length === 0) return [];
      const { rows } = await sql<{ readonly id: string }>`
        select id from deliveries indexed by deliveries_waiting
        where ${WAITING} and consumer in ${listed(consumers)} limit ${limit}`.execute(db);
      return rows.map(({ id }) => id);
    },

    async waiting(limit) {
      const { rows } = await sql<{ readonly id: string }>`
        select id from deliveries indexed by deliveries_due where ${WAITING} limit ${limit}`.execute(db);
      return rows.map(({ id }) => id);
    },

    async over(now, limit, except) {
      const { rows } = await sql<DeliveryRow>`
        select * from deliveries indexed by deliveries_ending
        where ${WAITING} and expires_at_real <= ${now}${excluding(except)} limit ${limit}`.execute(db);
      return rows;
    },

    async nextDueAt(now) {
      const { rows } = await sql<{ readonly at: number | null }>`
        select min(next_attempt_at) as at from deliveries indexed by deliveries_due
        where ${WAITING} and next_attempt_at > ${now}`.execute(db);
      return rows[0]?.at ?? null;
    },

    async record(results, at) {
      if (results.length === 0) return [];
      return writer.transaction().execute(async (trx) => {
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
    },

    async backlog() {
      // The index over states has the time too, so that no row is read.
      const { rows } = await sql<{ readonly size: number; readonly oldestCreatedAt: number | null }>`
        select count(*) as size, min(created_at) as "oldestCreatedAt"
        from deliveries indexed by deliveries_by_state where ${WAITING}`.execute(db);
      return rows[0] ?? { size: 0, oldestCreatedAt: null };
    },
  };
}

/**
 * A transaction that a crash of the machine may take back, since it is not waited for until the disk has it: for notes that can be
 * made again. The thread would stand still meanwhile.
 */
function unsynced(db: Kysely<Schema>, work: (trx: Transaction<Schema>) => Promise<void>): Promise<void> {
  return db.connection().execute(async (one) => {
    await sql`pragma synchronous = normal`.execute(one);
    try {
      await one.transaction().execute(work);
    } finally {
      await sql`pragma synchronous = full`.execute(one);
    }
  });
}

/** ` and id not in (…)` */
function excluding(ids: readonly string[]) {
  return ids.length === 0 ? sql`` : sql` and id not in ${listed(ids)}`;
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
      ...(result.kind === 'retrying'
        ? // By then it may have other ways.
          { next_attempt_at: result.nextAttemptAt, lane: null }
        : { next_attempt_at: null }),
    })
    .execute();
}

function channelOf({ channel }: DeliveryResult) {
  return channel === null ? {} : { channel };
}

function attemptsOf({ attempted }: DeliveryResult): number {
  return attempted ? 1 : 0;
}
