import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../../gateway/records/migrate.ts';
import { firstTables } from '../../../gateway/records/migrations/001-first-tables.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { getRetryable, listQuarantine } from '../../../gateway/records/quarantine.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-upgrade-'));
});
afterAll(() => rm(dir, { recursive: true }));

it('what the first version put in quarantine is there, and can be tried again where all of it was kept', async () => {
  const db = openRecords(join(dir, 'wayside.db'));
  const first = new Migrator({
    db,
    provider: { getMigrations: async () => ({ '001-first-tables': firstTables }) },
  });
  expect((await first.migrateToLatest()).error).toBeUndefined();
  const payload = Buffer.from('{"metrics":{"fuel":7}}');
  for (const [id, sent] of [
    ['whole', payload],
    ['beginning', Buffer.concat([payload, Buffer.alloc(20_000)])],
  ] as const) {
    await sql`insert into quarantine (id, device, topic, code, message, payload, payload_digest, first_seen_at, last_seen_at, count)
      values (${id}, 'car-1', 'devices/car-1/telemetry', 'bad_metric', 'm', ${payload}, ${hash('sha1', sent)}, 1, 2, 3)`.execute(
      db,
    );
  }
  await migrate(db);
  const { items } = await listQuarantine(db, {}, { limit: 10 });
  expect(items).toMatchObject([
    { id: 'whole', cannotRetry: null, payloadBytes: payload.length, tries: 0, count: 3 },
    { id: 'beginning', cannotRetry: 'truncated', payloadBytes: null },
  ]);
  expect(await getRetryable(db, 'whole')).toMatchObject({ firstSeenAt: 1, part: null });
  await expect(getRetryable(db, 'beginning')).rejects.toMatchObject({ code: 'payload_incomplete' });
  await db.destroy();
});
