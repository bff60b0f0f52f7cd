import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * The lane of a consumer's deliveries (delivery/lanes.ts): the origins of their live subscriptions, else the channel that is next.
 * Of a webhook the id, for where it leads may change.
 */
const LANE = `coalesce(
  (select group_concat(origin, ' ') from (select distinct origin from push_subscriptions
    where consumer_id = deliveries.consumer and gone_at is null order by origin)),
  (select 'webhook:' || webhook from consumers where id = deliveries.consumer),
  (select 'email' from consumers where id = deliveries.consumer and email is not null),
  'inbox')`;

const WAITING = `state in ('queued', 'retrying')`;

/** When a consumer's ways change, and whose they are then. A browser that another person takes over is a way of both. */
const WAYS = [
  ['subscribed', 'insert on push_subscriptions', 'new.consumer_id'],
  ['unsubscribed', 'delete on push_subscriptions', 'old.consumer_id'],
  [
    'resubscribed',
    'update of consumer_id, origin, gone_at on push_subscriptions',
    'new.consumer_id, old.consumer_id',
  ],
  ['other_channel', 'update of webhook, email on consumers', 'new.id'],
] as const;

/**
 * A delivery has its lane from the moment that it is queued, and another one as soon as its consumer's ways change: so what waits for
 * one push service is never read, and nothing is written, to find what goes to the others.
 */
export const lanesAtBirth: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(`update deliveries set lane = ${LANE} where ${WAITING}`).execute(db);
    await sql
      .raw(
        `create trigger deliveries_queued after insert on deliveries when new.${WAITING} begin
          update deliveries set lane = ${LANE} where id = new.id;
        end`,
      )
      .execute(db);
    for (const [name, event, consumers] of WAYS) {
      await sql.raw(`drop trigger deliveries_${name}`).execute(db);
      await sql
        .raw(
          `create trigger deliveries_${name} after ${event} begin
            update deliveries set lane = ${LANE} where consumer in (${consumers}) and ${WAITING};
          end`,
        )
        .execute(db);
    }
  },
};
