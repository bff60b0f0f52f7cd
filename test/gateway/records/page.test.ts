import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WaysideError } from '../../../gateway/errors.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { listVisits } from '../../../gateway/records/visits.ts';

let directory: string;
let db: Kysely<Schema>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-page-'));
  db = openRecords(join(directory, 'wayside.db'));
  await migrate(db);
});
afterAll(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

describe('paging', () => {
  it('gives every row once, newest first, whatever the times and the page size', async () => {
    const times = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 5 }), async (enteredAt, limit) => {
        await db.deleteFrom('visits').execute();
        const rows = enteredAt.map((at, i) => ({
          id: `v${i}`,
          device: 'd',
          consumer: null,
          place: 'p',
          entered_at: at,
          exited_at: null,
          ended_by: null,
        }));
        if (rows.length > 0) await db.insertInto('visits').values(rows).execute();
        const seen: [number, string][] = [];
        let cursor: string | undefined;
        do {
          const page = await listVisits(db, { device: 'd' }, { limit, cursor });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items.map((visit): [number, string] => [visit.enteredAt, visit.id]));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
        const newestFirst = rows
          .map((row): [number, string] => [row.entered_at, row.id])
          .sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? 1 : -1));
        expect(seen).toEqual(newestFirst);
      }),
      { numRuns: 60 },
    );
  });

  it('gives rows that come in between to the next reader, and not twice to this one', async () => {
    await db.deleteFrom('visits').execute();
    const visit = (id: string, at: number) => ({
      id,
      device: 'd',
      consumer: null,
      place: 'p',
      entered_at: at,
      exited_at: null,
      ended_by: null,
    });
    await db
      .insertInto('visits')
      .values([visit('a', 1), visit('b', 2), visit('c', 3)])
      .execute();
    const first = await listVisits(db, {}, { limit: 2 });
    await db.insertInto('visits').values(visit('newer', 9)).execute();
    const second = await listVisits(db, {}, { limit: 2, cursor: first.next ?? '' });
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(['c', 'b', 'a']);
  });

  it('refuses any text that is no cursor of the list, and never breaks', async () => {
    const jsonCursor = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), jsonCursor), async (cursor) => {
        const outcome = await listVisits(db, {}, { limit: 1, cursor }).catch((error: unknown) => error);
        expect(outcome).toBeInstanceOf(WaysideError);
        expect(outcome).toMatchObject({ code: 'bad_cursor' });
      }),
      { numRuns: 200 },
    );
  });
});
