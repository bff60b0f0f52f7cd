import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, it } from 'vitest';
import { hashToken, verifyToken } from '../../../broker/credentials.ts';
import { findUser, findUserNameByToken } from '../../../gateway/records/logins.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { firstTables } from '../../../gateway/records/migrations/001-first-tables.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { lookupHash } from '../../../gateway/records/sessions.ts';

it('records of the first version are taken over, and their devices log in as before', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wayside-upgrade-'));
  const db = openRecords(join(directory, 'wayside.db'));
  try {
    const first = new Migrator({
      db,
      provider: { getMigrations: async () => ({ '001-first-tables': firstTables }) },
    });
    expect((await first.migrateToLatest()).error).toBeUndefined();
    await sql`insert into devices (id, device_key, type, consumer_id, token_hash, token_lookup, created_at)
      values ('old', 'key', 'car', null, ${hashToken('its token')}, ${lookupHash('its token')}, 1)`.execute(
      db,
    );
    await migrate(db);
    const user = await findUser(db, 'old', 0);
    expect(user).toMatchObject({ principal: { kind: 'device', id: 'old' }, awaitsToken: false });
    expect(verifyToken('its token', user?.tokenHashes[0] ?? '')).toBe(true);
    expect(await findUserNameByToken(db, 'its token', 0)).toBe('old');
  } finally {
    await db.destroy();
    await rm(directory, { recursive: true });
  }
});
