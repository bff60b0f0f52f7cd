import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Waiting deliveries are found by the push services that they wait for, and by their end. */
export const lanes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table deliveries add column lane text`.execute(db);
    await sql`create index deliveries_by_lane on deliveries (lane, next_attempt_at)
      where state in ('queued', 'retrying')`.execute(db);
    await sql`create index deliveries_ending on deliveries (expires_at_real)
      where state in ('queued', 'retrying')`.execute(db);
    // What waits for a service that is down is not to wait on when its person has got another way meanwhile.
    const ways = [
      ['subscribed', 'insert on push_subscriptions', 'new.consumer_id'],
      ['unsubscribed', 'delete on push_subscriptions', 'old.consumer_id'],
      ['resubscribed', 'update of consumer_id, origin, gone_at on push_subscriptions', 'new.consumer_id'],
      ['other_channel', 'update of webhook, email on consumers', 'new.id'],
    ] as const;
    for (const [name, event, consumer] of ways) {
      await sql
        .raw(`create trigger deliveries_${name} after ${event} begin
          update deliveries set lane = null
            where consumer = ${consumer} and state in ('queued', 'retrying') and lane is not null;
        end`)
        .execute(db);
    }
  },
};
