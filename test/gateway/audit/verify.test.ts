import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chainSource } from '../../../gateway/audit/chain-source.ts';
import { createVerification } from '../../../gateway/audit/verification.ts';
import { verifyChain } from '../../../gateway/audit/verify.ts';
import { writeAudit } from '../../../gateway/records/audit.ts';
import { entryHash } from '../../../gateway/records/audit-chain.ts';
import { consumerName } from '../../../gateway/records/audit-names.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { deleteRows } from '../../../gateway/records/person-tables/rows-of.ts';
import type { Schema } from '../../../gateway/records/schema.ts';

let directory: string;
let db: Kysely<Schema>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-verify-'));
  db = openRecords(join(directory, 'wayside.db'));
  await migrate(db);
  await db.transaction().execute(async (trx) => {
    for (let n = 1; n <= 10; n++)
      await writeAudit(trx, { actor: 'consumer:anna', at: n }, 'device.claimed', `car-${n}`, {
        to: consumerName('anna'),
      });
  });
});

afterEach(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

const verify = (expected?: string) => verifyChain(chainSource(db), { expect: expected });
const row = (id: number) => db.selectFrom('audit').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const set = (id: number, values: object) =>
  db.updateTable('audit').set(values).where('id', '=', id).execute();
/** Moves entries from `id` on up, so that there is room for another. */
const makeRoom = (id: number) =>
  sql`update audit set id = -id where id >= ${id}`
    .execute(db)
    .then(() => sql`update audit set id = 1 - id where id < 0`.execute(db));
const swap = async (one: number, other: number) => {
  await set(one, { id: 1_000 });
  await set(other, { id: one });
  await set(1_000, { id: other });
};

/** An entry as a forger would make it who knows how hashes are made. */
async function forged(id: number, behind: number) {
  const { hash: prev_hash } = await row(behind);
  const text = { at: 5, actor: 'mallory', action: 'rule.saved', subject: 'x', detail_json: '{}' };
  return { id, ...text, prev_hash, hash: entryHash(prev_hash, text) };
}

describe('verifying the audit log', () => {
  it('finds a whole one whole, tells its head, and finds the head again', async () => {
    const { hash } = await row(10);
    expect(await verify()).toEqual({ entries: 10, head: { id: 10, hash }, broken: null });
    await writeAudit(db, { actor: 'ben', at: 11 }, 'rule.saved', 'a');
    expect((await verify(hash)).broken).toBeNull();
    expect((await verify('0'.repeat(64))).broken).toBeNull();
  });

  it('finds it whole after names were forgotten', async () => {
    await db.transaction().execute((trx) => deleteRows(trx, { kind: 'consumer', id: 'anna' }));
    expect((await verify()).broken).toBeNull();
  });

  it.each([
    ['content', 'subject', () => ({ subject: 'car-99' })],
    ['the actor', 'actor', () => ({ actor: 'ben' })],
    ['the time', 'at', () => ({ at: 6 })],
    ['the detail', 'detail', () => ({ detail_json: '{}' })],
    ['the action', 'action', () => ({ action: 'device.erased' })],
    ['its hash', 'hash', () => ({ hash: 'f'.repeat(64) })],
  ])('names an entry of which %s was changed', async (_what, _column, change) => {
    await set(5, change());
    expect(await verify()).toMatchObject({ entries: 4, broken: { kind: 'changed', id: 5 } });
  });

  it('names an entry that was changed and hashed anew', async () => {
    const before = await row(5);
    await set(5, { at: 6, hash: entryHash(before.prev_hash, { ...before, at: 6 }) });
    expect(await verify()).toMatchObject({ broken: { kind: 'changed', id: 5 } });
  });

  it.each([
    ['one', [5], 6, 'entry 5 is'],
    ['several', [5, 6, 7], 8, 'entries 5 to 7 are'],
    ['the first', [1], 2, 'entry 1 is'],
  ])('says that entries are missing: %s', async (_which, ids, id, which) => {
    await db.deleteFrom('audit').where('id', 'in', ids).execute();
    const { broken } = await verify();
    expect(broken).toMatchObject({ kind: 'removed', id });
    expect(broken?.detail).toContain(which);
  });

  it('says that entries are missing where the others were counted anew', async () => {
    await db.deleteFrom('audit').where('id', '=', 1).execute();
    await sql`update audit set id = id - 1`.execute(db);
    expect((await verify()).broken).toMatchObject({ kind: 'removed', id: 1 });
  });

  it('names an entry that was put between others', async () => {
    await makeRoom(6);
    await db
      .insertInto('audit')
      .values(await forged(6, 5))
      .execute();
    expect(await verify()).toMatchObject({ broken: { kind: 'inserted', id: 6 } });
  });

  it('names an inserted entry that has made-up hashes', async () => {
    await makeRoom(6);
    const made = { ...(await forged(6, 5)), prev_hash: 'a'.repeat(64), hash: 'b'.repeat(64) };
    await db.insertInto('audit').values(made).execute();
    expect(await verify()).toMatchObject({ broken: { kind: 'inserted', id: 6 } });
  });

  it('names an entry that is there twice', async () => {
    await makeRoom(8);
    await db
      .insertInto('audit')
      .values({ ...(await row(5)), id: 8 })
      .execute();
    expect(await verify()).toMatchObject({ broken: { kind: 'inserted', id: 8 } });
  });

  it('names a copy at the end', async () => {
    await db
      .insertInto('audit')
      .values({ ...(await row(5)), id: 11 })
      .execute();
    expect(await verify()).toMatchObject({ entries: 10, broken: { kind: 'inserted', id: 11 } });
  });

  it('says that a number is none that was written here', async () => {
    await sql`update audit set id = 9223372036854775807 where id = 10`.execute(db);
    await expect(verify()).rejects.toMatchObject({ code: 'data_dir_damaged' });
  });

  it.each([
    [5, 6],
    [2, 9],
    [1, 10],
  ])('names the first of entries whose order was changed: %i and %i', async (one, other) => {
    await swap(one, other);
    expect(await verify()).toMatchObject({ broken: { kind: 'reordered', id: one } });
  });

  it('tells by an earlier head that the end was cut off, or all made anew', async () => {
    const { hash } = await row(10);
    await db.deleteFrom('audit').where('id', '>', 7).execute();
    expect((await verify()).broken).toBeNull();
    expect(await verify(hash)).toMatchObject({ entries: 7, broken: { kind: 'cut', id: null } });
    await db.deleteFrom('audit').execute();
    expect(await verify(hash)).toMatchObject({ entries: 0, head: null, broken: { kind: 'cut' } });
  });

  it('finds another name under a ref', async () => {
    await db.updateTable('audit_names').set({ name: 'carl' }).where('name', '=', 'anna').execute();
    expect((await verify()).broken).toMatchObject({ kind: 'renamed', id: null });
  });

  it('goes on over slices', async () => {
    await db.transaction().execute(async (trx) => {
      for (let n = 0; n < 2_500; n++) await writeAudit(trx, { actor: 'ben', at: n }, 'rule.saved', 'r');
    });
    expect(await verify()).toMatchObject({ entries: 2_510, broken: null });
    await set(2_400, { at: 1 });
    expect(await verify()).toMatchObject({ entries: 2_399, broken: { kind: 'changed', id: 2_400 } });
  });
});

describe('the verification that runs in the background', () => {
  it('tells what it found for a while, goes on behind it, and looks at all again later', async () => {
    let now = 0;
    const verification = createVerification(chainSource(db), () => now);
    expect(await verification.state()).toMatchObject({ state: 'whole', entries: 10, verifiedAt: 0 });
    await set(3, { at: 77 });
    await writeAudit(db, { actor: 'ben', at: 11 }, 'rule.saved', 'a');
    expect(await verification.state()).toMatchObject({ state: 'whole', entries: 10, verifiedAt: 0 });
    now = 30_000;
    expect(await verification.state()).toMatchObject({ state: 'whole', entries: 11, verifiedAt: now });
    now = 10 * 60_000;
    expect(await verification.state()).toMatchObject({
      state: 'broken',
      entries: 2,
      broken: { kind: 'changed', id: 3 },
    });
  });

  it('is one for all who ask, and says so where the log cannot be read', async () => {
    let asked = 0;
    const source = chainSource(db);
    const counting = {
      ...source,
      entries: (after: number, limit: number) => {
        asked += 1;
        return source.entries(after, limit);
      },
    };
    const verification = createVerification(counting, () => 0);
    const states = await Promise.all([verification.state(), verification.state(), verification.state()]);
    expect(states.map(({ state }) => state)).toEqual(['whole', 'whole', 'whole']);
    expect(asked).toBe(1);
    const failing = createVerification(
      { ...source, entries: () => Promise.reject(new Error('no disk')) },
      () => 0,
    );
    await expect(failing.state()).rejects.toThrow('no disk');
    await expect(failing.state()).rejects.toThrow('no disk');
  });
});
