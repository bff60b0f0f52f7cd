import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WaysideError } from '../../../gateway/errors.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { openedAddress } from '../../../gateway/records/push-subscriptions.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { createSeal, loadOrCreateRecordsKey } from '../../../gateway/records/seal.ts';
import { sealSubscriptions } from '../../../gateway/records/seal-subscriptions.ts';
import { migrateTo } from '../../support/migrate-to.ts';

const seal = createSeal(Buffer.alloc(32, 1));

test('what is sealed opens to the same text, looks different each time, and is found again', () => {
  for (const text of ['', 'https://push.example/ü', 'x'.repeat(100_000)]) {
    expect(seal.open(seal.seal(text))).toBe(text);
    expect(seal.seal(text)).not.toEqual(seal.seal(text));
    expect(seal.lookup(text)).toBe(createSeal(Buffer.alloc(32, 1)).lookup(text));
  }
  expect(seal.lookup('a')).not.toBe(seal.lookup('b'));
  expect(Buffer.from(seal.seal('endpoint')).includes('endpoint')).toBe(false);
});

test('another key, a change of any byte, and what was never sealed are refused', () => {
  const sealed = seal.seal('secret');
  const other = createSeal(Buffer.alloc(32, 2));
  expect(() => other.open(sealed)).toThrow();
  expect(other.lookup('secret')).not.toBe(seal.lookup('secret'));
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Uint8Array.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(() => seal.open(changed), `byte ${index}`).toThrow();
    expect(() => seal.open(sealed.subarray(0, index)), `cut at ${index}`).toThrow();
  }
});

let dir: string;
let db: Kysely<Schema>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-seal-'));
  db = openRecords(join(dir, 'wayside.db'));
});
afterEach(async () => {
  await db.destroy();
  await rm(dir, { recursive: true });
});

test('the key is made once, for the owner alone', async () => {
  const key = await loadOrCreateRecordsKey(dir);
  expect(key).toHaveLength(32);
  expect(Buffer.from(await loadOrCreateRecordsKey(dir))).toEqual(Buffer.from(key));
  expect((await stat(join(dir, 'records-key'))).mode & 0o777).toBe(0o600);
});

/** Records of an earlier version with so many subscriptions of one person, of which the first had been deleted again. */
async function earlierRecords(count: number) {
  await migrateTo(db, '010-place-bounds');
  await sql`insert into consumers (id, attributes_json, quiet_hours_json, created_at) values ('ada', '{}', 'null', 1)`.execute(
    db,
  );
  const made = Array.from({ length: count }, (_, n) => ({
    id: `s${n}`,
    endpoint: `https://push.example/send/${randomBytes(24).toString('base64url')}`,
    p256dh: randomBytes(65).toString('base64url'),
    auth: randomBytes(16).toString('base64url'),
  }));
  for (const { id, endpoint, p256dh, auth } of made) {
    await sql`insert into push_subscriptions (id, consumer_id, endpoint, p256dh, auth, created_at, gone_at)
      values (${id}, 'ada', ${endpoint}, ${p256dh}, ${auth}, 5, ${id === 's1' ? 6 : null})`.execute(db);
  }
  await sql`delete from push_subscriptions where id = 's0'`.execute(db);
  return made;
}

/** Files of the records that hold one of these texts. */
async function filesWith(texts: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of ['wayside.db', 'wayside.db-wal']) {
    const bytes = await readFile(join(dir, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    if (texts.some((text) => bytes.includes(text))) found.push(name);
  }
  return found;
}

test('subscriptions of an earlier version are sealed, and nothing of them is left in the clear', async () => {
  const made = await earlierRecords(300);
  const texts = made.flatMap(({ endpoint, p256dh, auth }) => [endpoint, p256dh, auth]);
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
  expect(await filesWith(texts)).toEqual(['wayside.db']);

  await migrate(db);
  expect(await sealSubscriptions(db, seal, 'the-vapid-key')).toEqual({ count: 299, isRewritten: true });
  expect(await filesWith(texts)).toEqual([]);
  const rows = await db.selectFrom('push_subscriptions').selectAll().orderBy('id').execute();
  expect(rows).toHaveLength(299);
  for (const row of rows) {
    const { id, ...address } = made.find(({ id }) => id === row.id) ?? { id: '' };
    expect(openedAddress(seal, row.sealed)).toEqual(address);
    expect(row).toMatchObject({
      consumer_id: 'ada',
      origin: 'https://push.example',
      vapid_key: 'the-vapid-key',
      created_at: 5,
      gone_at: id === 's1' ? 6 : null,
    });
  }
  expect(await sealSubscriptions(db, seal, 'another')).toBeNull();
});

test('sealing that was cut short is finished at the next start', async () => {
  const made = await earlierRecords(50);
  const texts = made.map(({ endpoint }) => endpoint);
  await migrate(db);
  // No room for another file: the gateway starts all the same, and tries again.
  const full: Kysely<Schema> = db.withPlugin({
    transformQuery: ({ node }) => {
      if (JSON.stringify(node).includes('vacuum')) throw new WaysideError('disk_full', 'wayside.db');
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  expect(await sealSubscriptions(full, seal, 'key')).toEqual({ count: 49, isRewritten: false });
  // Cut off between the sealing and the writing anew: the rows are sealed, the file still has what was deleted before.
  const cutOff: Kysely<Schema> = db.withPlugin({
    transformQuery: ({ node }) => {
      if (JSON.stringify(node).includes('vacuum')) throw new Error('killed');
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  await expect(sealSubscriptions(cutOff, seal, 'key')).rejects.toThrow('killed');
  expect(await sealSubscriptions(db, seal, 'key')).toEqual({ count: 0, isRewritten: true });
  expect(await filesWith(texts)).toEqual([]);
  expect(await db.selectFrom('push_subscriptions').select('id').execute()).toHaveLength(49);
});
