import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../gateway/records/migrate.ts';
import { openRecords } from '../../gateway/records/open.ts';
import { subscriptionRow } from '../support/push-subscription.ts';

/** Records with people, a browser each, and a live rule; offers can be queued for them as the engine does. */
export interface PushRecords {
  readonly recordsFile: string;
  /**
   * Queues so many offers for people of each name, in one transaction up to some hundred rows.
   *
   * @returns ids of the deliveries, by name in turn
   */
  queue(names: readonly string[], count: number, holdsForMs: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const ROWS_AT_ONCE = 500;
const OFFER = {
  title: '5 ct off a litre at the Central Station',
  body: 'Your tank is low, and this one is on your way. Show the code at the till within 30 minutes.',
  url: 'https://shop.example.com/offers/fuel?utm_source=wayside',
};

export async function makePushRecords(
  people: readonly { readonly name: string; readonly count: number; readonly origin: string }[],
  vapidKey: string,
): Promise<PushRecords> {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-bench-push-'));
  const recordsFile = join(dir, 'wayside.db');
  const db = openRecords(recordsFile);
  await migrate(db);
  const now = Date.now();
  const document = {
    id: 'fuel',
    trigger: { event: 'low' },
    limits: { quietHours: 'ignore' },
    offer: { ...OFFER, expires: 'PT30M' },
  };
  await db
    .insertInto('rules')
    .values({
      id: 'fuel',
      version: 1,
      state: 'live',
      document_json: JSON.stringify(document),
      updated_at: now,
    })
    .execute();
  for (const { name, count, origin } of people) {
    await db.transaction().execute(async (trx) => {
      for (let index = 0; index < count; index += 1) {
        const id = `${name}-${index}`;
        await trx
          .insertInto('consumers')
          .values({ id, attributes_json: '{}', timezone: null, quiet_hours_json: 'null', created_at: now })
          .execute();
        await trx
          .insertInto('consents')
          .values({ consumer_id: id, purpose: 'device_offers', granted: 1, source: 'bench', at: now })
          .execute();
        const p256dh = createECDH('prime256v1').generateKeys('base64url');
        // As long as the stand-in service has them, which knows no other.
        const endpoint = `${origin}/wpush/v2/${id.padEnd(43, '_')}`;
        const auth = randomBytes(16).toString('base64url');
        await trx
          .insertInto('push_subscriptions')
          .values(subscriptionRow(id, now, { id, vapidKey, endpoint, p256dh, auth }))
          .execute();
      }
    });
  }
  const counts = new Map(people.map(({ name, count }) => [name, count]));
  const turns = new Map<string, number>();
  return {
    recordsFile,
    async queue(names, count, holdsForMs) {
      const ids = Array.from({ length: count * names.length }, () => randomUUID());
      for (let from = 0; from < ids.length; from += ROWS_AT_ONCE) {
        const queuedAt = Date.now();
        const rows = ids.slice(from, from + ROWS_AT_ONCE).map((id, index) => {
          const name = names[(from + index) % names.length] ?? '';
          const turn = turns.get(name) ?? 0;
          turns.set(name, turn + 1);
          return {
            id,
            delivery_key: id,
            decision_id: 0,
            rule: 'fuel',
            consumer: `${name}-${turn % (counts.get(name) ?? 1)}`,
            channel: 'web-push' as const,
            state: 'queued' as const,
            attempts: 0,
            offer_json: JSON.stringify({ ...OFFER, expiresAt: queuedAt + holdsForMs }),
            created_at: queuedAt,
            next_attempt_at: queuedAt,
            expires_at_real: queuedAt + holdsForMs,
            sent_at: null,
            delivered_at: null,
            shown_at: null,
            clicked_at: null,
            dismissed_at: null,
            reason: null,
            variant: null,
            campaign: null,
            code: null,
          };
        });
        await db.insertInto('deliveries').values(rows).execute();
      }
      return ids;
    },
    async stop() {
      await db.destroy();
      await rm(dir, { recursive: true });
    },
  };
}
