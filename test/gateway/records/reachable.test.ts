import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConsumerFacts } from '../../../gateway/engine/consumer-facts.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { subscriptionRow } from '../../support/push-subscription.ts';

const NOW = 1_000_000;
let dir: string;
let db: Kysely<Schema>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-reachable-'));
  db = openRecords(join(dir, 'wayside.db'));
  await migrate(db);
  await db
    .insertInto('webhooks')
    .values({ id: 'crm', url: 'https://crm.example/', sealed_secret: Buffer.of(1), updated_at: 1 })
    .execute();
});
afterEach(async () => {
  await db.destroy();
  await rm(dir, { recursive: true });
});

const session = (subject: string, kind: 'consumer' | 'staff', expiresAt: number) =>
  db
    .insertInto('sessions')
    .values({
      token_hash: `${kind} ${subject}`,
      kind,
      subject,
      role: kind === 'staff' ? 'admin' : null,
      expires_at: expiresAt,
      id: `${kind} ${subject}`,
      created_at: 1,
      last_seen_at: 1,
      browser: null,
      opened_with: null,
    })
    .execute();

async function reached(mail: boolean): Promise<readonly string[]> {
  const ids = (await db.selectFrom('consumers').select('id').orderBy('id').execute()).map(({ id }) => id);
  const facts = await readConsumerFacts(db, ids, { mail, realNow: () => NOW });
  return facts.filter(({ reachable }) => reachable).map(({ id }) => id);
}

test('a person is reached by a live browser, a webhook, the app, and by e-mail where a mail server is set', async () => {
  const person = { attributes_json: '{}', timezone: null, quiet_hours_json: 'null', created_at: 1 };
  await db
    .insertInto('consumers')
    .values([
      { ...person, id: 'browser' },
      { ...person, id: 'gone' },
      { ...person, id: 'email', email: 'e@example.org' },
      { ...person, id: 'nothing' },
      { ...person, id: 'passkey' },
      { ...person, id: 'session' },
      { ...person, id: 'session-over' },
      { ...person, id: 'staff' },
      { ...person, id: 'webhook', webhook: 'crm' },
    ])
    .execute();
  await db
    .insertInto('push_subscriptions')
    .values([subscriptionRow('browser', 1), { ...subscriptionRow('gone', 1), gone_at: 2 }])
    .execute();
  await session('session', 'consumer', NOW + 1);
  await session('session-over', 'consumer', NOW);
  // A member of staff may have the name of a consumer.
  await session('staff', 'staff', NOW + 1);
  await db
    .insertInto('passkeys')
    .values({
      id: 'key',
      consumer_id: 'passkey',
      user_handle: 'x',
      public_key: Buffer.of(1),
      counter: 0,
      transports_json: '[]',
      backed_up: 0,
      name: 'x',
      created_at: 1,
      last_used_at: null,
    })
    .execute();
  expect(await reached(false)).toEqual(['browser', 'passkey', 'session', 'webhook']);
  expect(await reached(true)).toEqual(['browser', 'email', 'passkey', 'session', 'webhook']);
});
