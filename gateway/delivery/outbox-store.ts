import { sql } from 'kysely';
import { listed } from '../records/listed.ts';
import { type DeliveryRow, type DueDelivery, type FactSources, withFacts } from './due-facts.ts';
import type { LaneName } from './lanes.ts';
import type { RecordResults } from './results.ts';
import { STILL_WAITS, WAITING } from './waiting.ts';

/** The outbox as rows: `deliveries` that are queued or retrying. */
export interface OutboxStore {
  /** Lanes in which deliveries wait, and the real time at which the first of each falls due. */
  lanes(): Promise<readonly { readonly lane: LaneName; readonly nextDueAt: number }[]>;
  /**
   * Due in one lane, earliest first.
   *
   * @param now real time, epoch ms @param except ids that are being worked on
   */
  due(lane: LaneName, now: number, limit: number, except: readonly string[]): Promise<readonly string[]>;
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
  readonly record: RecordResults;
  /** How many wait, and since when (domain time; null where none does). */
  backlog(): Promise<{ readonly size: number; readonly oldestCreatedAt: number | null }>;
}

const BY_LANE = sql`deliveries indexed by deliveries_by_lane`;

/** One step through the index for each lane, however many deliveries wait in it. */
const lanes = sql<{ readonly lane: LaneName; readonly nextDueAt: number }>`
  with recursive names (lane) as (
    select min(lane) from ${BY_LANE} where ${WAITING}
    union all
    select (select min(lane) from ${BY_LANE} where ${WAITING} and lane > names.lane) from names where lane is not null)
  select lane, (select min(next_attempt_at) from ${BY_LANE} where ${WAITING} and lane = names.lane) as "nextDueAt"
  from names where lane is not null`;

/** @param record where results are written, which waits for the disk; into the same records */
export function createOutboxStore(sources: FactSources, record: RecordResults): OutboxStore {
  const { db } = sources;
  return {
    async lanes() {
      const { rows } = await lanes.execute(db);
      return rows;
    },

    async due(lane, now, limit, except) {
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

    record,

    async backlog() {
      // The index over states has the time too, so that no row is read.
      const { rows } = await sql<{ readonly size: number; readonly oldestCreatedAt: number | null }>`
        select count(*) as size, min(created_at) as "oldestCreatedAt"
        from deliveries indexed by deliveries_by_state where ${WAITING}`.execute(db);
      return rows[0] ?? { size: 0, oldestCreatedAt: null };
    },
  };
}

/** ` and id not in (…)` */
function excluding(ids: readonly string[]) {
  return ids.length === 0 ? sql`` : sql` and id not in ${listed(ids)}`;
}
