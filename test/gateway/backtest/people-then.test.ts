import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPerson } from '../../../gateway/backtest/people.ts';
import { populationOf } from '../../../gateway/backtest/people-then.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { subscriptionRow } from '../../support/push-subscription.ts';

const NOW = 1_000_000;
let dir: string;
let db: Kysely<Schema>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-people-then-'));
  db = openRecords(join(dir, 'wayside.db'));
  await migrate(db);
  const person = { attributes_json: '{}', timezone: null, quiet_hours_json: 'null', created_at: 1 };
  const ids = ['browser', 'email', 'nothing'];
  await db
    .insertInto('consumers')
    .values(ids.map((id) => ({ ...person, id, email: id === 'email' ? 'e@example.org' : null })))
    .execute();
  await db
    .insertInto('devices')
    .values(
      ids.map((id) => ({
        id: `car of ${id}`,
        device_key: id,
        type: 'car',
        consumer_id: id,
        token_hash: id,
        token_lookup: id,
        created_at: 1,
      })),
    )
    .execute();
  await db
    .insertInto('push_subscriptions')
    .values({ ...subscriptionRow('browser', 100), gone_at: 200 })
    .execute();
});
afterEach(async () => {
  await db.destroy();
  await rm(dir, { recursive: true });
});

const reachedAt = async (at: number, mail: boolean) => {
  const { people } = await populationOf(db, { mail, realNow: NOW });
  return people
    .map(createPerson)
    .map((person) => person.at(at))
    .filter(({ reachable }) => reachable)
    .map(({ id }) => id);
};

it('counts browsers as they were, and e-mail only where a mail server is set, as rules do', async () => {
  expect(await reachedAt(50, false)).toEqual([]);
  expect(await reachedAt(150, false)).toEqual(['browser']);
  expect(await reachedAt(250, false)).toEqual([]);
  expect(await reachedAt(150, true)).toEqual(['browser', 'email']);
});

it('counts answers to a rule whatever it is called', () => {
  const facts = { id: 'ada', timezone: null, quietHours: null, attributes: {} };
  const changes = [
    { at: 1, kind: 'seen', rule: 'constructor' },
    { at: 2, kind: 'taken', rule: 'constructor' },
  ] as const;
  expect(createPerson({ facts, changes }).at(3).responses).toEqual({ constructor: { seen: 1, taken: 1 } });
});
