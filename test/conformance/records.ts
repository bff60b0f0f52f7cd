import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../gateway/records/migrate.ts';
import type { Schema } from '../../gateway/records/schema.ts';

export interface OpenedRecords {
  readonly db: Kysely<Schema>;
  close(): Promise<void>;
}

/** What every way of opening the records must do; `open` gives an empty store that nothing else uses. */
export function recordsConformance(name: string, open: () => Promise<OpenedRecords>): void {
  describe(`records: ${name}`, () => {
    let records: OpenedRecords;
    beforeEach(async () => {
      records = await open();
      await migrate(records.db);
    });
    afterEach(() => records.close());

    const consumer = (id: string) => ({
      id,
      attributes_json: '{}',
      timezone: null,
      quiet_hours_json: 'null',
      created_at: 1,
    });
    const count = async (table: keyof Schema) =>
      Number(
        (await records.db.selectFrom(table).select(sql<number>`count(*)`.as('n')).executeTakeFirstOrThrow())
          .n,
      );

    it('migrates twice without harm', async () => {
      await records.db.insertInto('consumers').values(consumer('a')).execute();
      await migrate(records.db);
      expect(await count('consumers')).toBe(1);
    });

    it('gives back text, numbers beyond 32 bits, nulls and bytes as they went in', async () => {
      const row = {
        id: 'q1',
        device: 'd',
        topic: 'devices/d/telemetry',
        code: 'bad_json',
        message: 'Ünïcode ✓',
        payload: Uint8Array.from([0, 255, 7]),
        payload_digest: 'd1',
        first_seen_at: 1_763_756_400_000,
        last_seen_at: Number.MAX_SAFE_INTEGER,
        count: 1,
        part_json: null,
        readings_taken: null,
        payload_bytes: 3,
        tries: 0,
      };
      await records.db.insertInto('quarantine').values(row).execute();
      const back = await records.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow();
      expect({ ...back, payload: [...back.payload] }).toEqual({ ...row, payload: [0, 255, 7] });
    });

    it('tells how many rows a statement changed', async () => {
      await records.db
        .insertInto('consumers')
        .values([consumer('a'), consumer('b')])
        .execute();
      const updated = await records.db
        .updateTable('consumers')
        .set({ timezone: 'Europe/Rome' })
        .executeTakeFirstOrThrow();
      expect(updated.numUpdatedRows).toBe(2n);
      const deleted = await records.db
        .deleteFrom('consumers')
        .where('id', '=', 'a')
        .executeTakeFirstOrThrow();
      expect(deleted.numDeletedRows).toBe(1n);
    });

    it('gives rows from `returning`', async () => {
      const rows = await records.db.insertInto('consumers').values(consumer('a')).returning('id').execute();
      expect(rows.map((row) => row.id)).toEqual(['a']);
    });

    it('undoes a transaction that throws, and says what was thrown', async () => {
      const attempt = records.db.transaction().execute(async (trx) => {
        await trx.insertInto('consumers').values(consumer('a')).execute();
        throw new Error('no after all');
      });
      await expect(attempt).rejects.toThrow('no after all');
      expect(await count('consumers')).toBe(0);
    });

    it('keeps transactions that run at the same time apart', async () => {
      await records.db.insertInto('cursors').values({ name: 'n', seq: 0 }).execute();
      const increment = () =>
        records.db.transaction().execute(async (trx) => {
          const { seq } = await trx
            .selectFrom('cursors')
            .select('seq')
            .where('name', '=', 'n')
            .executeTakeFirstOrThrow();
          await trx
            .updateTable('cursors')
            .set({ seq: seq + 1 })
            .where('name', '=', 'n')
            .execute();
        });
      await Promise.all(Array.from({ length: 20 }, increment));
      expect(await records.db.selectFrom('cursors').select('seq').executeTakeFirstOrThrow()).toMatchObject({
        seq: 20,
      });
    });

    it('refuses what breaks a key, and goes on working', async () => {
      await records.db.insertInto('consumers').values(consumer('a')).execute();
      await expect(records.db.insertInto('consumers').values(consumer('a')).execute()).rejects.toThrow(
        /UNIQUE/,
      );
      const orphan = {
        consumer_id: 'nobody',
        purpose: 'location_offers',
        granted: 1,
        source: 't',
        at: 1,
      } as const;
      await expect(records.db.insertInto('consents').values(orphan).execute()).rejects.toThrow(/FOREIGN KEY/);
      expect(await count('consumers')).toBe(1);
    });

    it('keeps an identity once', async () => {
      const seen = { device_key: 'k', at: 1_763_756_400_000, digest: 2 ** 52 + 1 };
      const insert = () =>
        records.db
          .insertInto('seen_readings_0')
          .values(seen)
          .onConflict((c) => c.doNothing())
          .executeTakeFirstOrThrow();
      expect((await insert()).numInsertedOrUpdatedRows).toBe(1n);
      expect((await insert()).numInsertedOrUpdatedRows).toBe(0n);
    });

    it('returns 20,000 rows in one answer', async () => {
      await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        insert into reading_verdicts (seq, verdict_json) select i, '{}' from n`.execute(records.db);
      expect(await records.db.selectFrom('reading_verdicts').selectAll().execute()).toHaveLength(20_000);
    });

    it('answers more statement shapes than it keeps prepared', async () => {
      await records.db.insertInto('consumers').values(consumer('a')).execute();
      for (let n = 1; n <= 400; n += 1) {
        const ids = Array.from({ length: n }, (_, i) => (i === 0 ? 'a' : `x${i}`));
        expect(
          await records.db.selectFrom('consumers').select('id').where('id', 'in', ids).execute(),
        ).toHaveLength(1);
      }
    });
  });
}
