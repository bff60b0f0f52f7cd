import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { migrate } from '../../../gateway/records/migrate.ts';
import { firstTables } from '../../../gateway/records/migrations/001-first-tables.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { findSession, lookupHash } from '../../../gateway/records/sessions.ts';

const DAY_MS = 86_400_000;

it('who was signed in stays so for a week, and devices show their owners what they told since they had them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wayside-upgrade-'));
  const db = openRecords(join(directory, 'wayside.db'));
  try {
    const provider = { getMigrations: async () => ({ '001-first-tables': firstTables }) };
    expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
    const started = Date.now();
    await sql`insert into consumers values ('ada', '{}', null, 'null', 1)`.execute(db);
    for (const [token, kind, days] of [
      ['of-ada', 'consumer', 180],
      ['of-ada-too', 'consumer', 2],
      ['of-staff', 'staff', 0.5],
    ] as const) {
      await sql`insert into sessions values (${lookupHash(token)}, ${kind}, 'ada', ${kind === 'staff' ? 'admin' : null},
        ${started + days * DAY_MS})`.execute(db);
    }
    for (const [id, owner] of [
      ['claimed', 'ada'],
      ['untold', 'ada'],
      ['free', null],
    ]) {
      await sql`insert into devices values (${id}, ${`key-${id}`}, 'car', ${owner}, 'h', ${`l-${id}`}, 10)`.execute(
        db,
      );
    }
    for (const [at, action] of [
      [10, 'device.created'],
      [20, 'device.claimed'],
      [30, 'device.token_replaced'],
    ]) {
      await sql`insert into audit (at, actor, action, subject, detail_json)
        values (${at}, 'admin', ${action}, 'claimed', '{}')`.execute(db);
    }
    await migrate(db);

    const rows = await db.selectFrom('sessions').selectAll().orderBy('expires_at').execute();
    expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
    expect(rows.map(({ kind, opened_with }) => [kind, opened_with])).toEqual([
      ['staff', null],
      ['consumer', 'invitation'],
      ['consumer', 'invitation'],
    ]);
    expect(await findSession(db, 'of-ada', started + 6 * DAY_MS)).toMatchObject({ subject: 'ada' });
    expect(await findSession(db, 'of-ada-too', started + 3 * DAY_MS)).toBeNull();
    expect(await findSession(db, 'of-staff', started)).toMatchObject({ kind: 'staff', role: 'admin' });
    expect(await findSession(db, 'of-ada', Date.now() + 40 * DAY_MS)).toBeNull();
    const devices = await db.selectFrom('devices').select(['id', 'linked_at']).orderBy('id').execute();
    expect(devices).toEqual([
      { id: 'claimed', linked_at: 20 },
      { id: 'free', linked_at: null },
      { id: 'untold', linked_at: 10 },
    ]);
  } finally {
    await db.destroy();
    await rm(directory, { recursive: true });
  }
});
