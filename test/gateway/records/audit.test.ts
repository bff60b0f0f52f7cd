import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listAudit, writeAudit, writeAudits } from '../../../gateway/records/audit.ts';
import { CHAIN_START, entryHash } from '../../../gateway/records/audit-chain.ts';
import { consumerName, deviceName, wordsOfConsumer } from '../../../gateway/records/audit-names.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { deleteRows } from '../../../gateway/records/person-tables/rows-of.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { openRecordsThread } from '../../../gateway/records/thread.ts';

const PAGE = { limit: 1_000 };

let directory: string;
let db: Kysely<Schema>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-audit-'));
  db = openRecords(join(directory, 'wayside.db'));
  await migrate(db);
});

afterEach(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

const by = (actor: string, at = 1) => ({ actor, at });
const rowsOf = () => db.selectFrom('audit').selectAll().orderBy('id').execute();
const inTrx = (work: (trx: Kysely<Schema>) => Promise<void>) => db.transaction().execute(work);

/** What the chain promises, asked without the code that verifies it. */
async function expectWhole(entries: number): Promise<void> {
  const rows = await rowsOf();
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: entries }, (_, index) => index + 1));
  let prev = CHAIN_START;
  for (const row of rows) {
    expect(row.prev_hash).toBe(prev);
    expect(row.hash).toBe(entryHash(prev, row));
    prev = row.hash;
  }
}

describe('the audit log', () => {
  it('hashes each entry together with the hash of the one before', async () => {
    await writeAudit(db, by('ben', 7), 'rule.saved', 'coffee', { version: 1 });
    await writeAudit(db, by('ben', 8), 'rule.state', 'coffee', { to: 'live' });
    await expectWhole(2);
    const [first] = await rowsOf();
    const { createHash } = await import('node:crypto');
    const text = `${'0'.repeat(64)}\n[7,"ben","rule.saved","coffee","{\\"version\\":1}"]`;
    expect(first?.hash).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('holds no name of a person or device, and tells all of them', async () => {
    await inTrx((trx) =>
      writeAudit(trx, by('consumer:anna-b'), 'device.claimed', 'car-of-anna', { to: consumerName('anna-b') }),
    );
    const source = wordsOfConsumer('anna-b', 'call with Anna B.');
    await inTrx((trx) => writeAudit(trx, by('ben'), 'consent.granted', 'anna-b', { purpose: 'x', source }));
    expect(JSON.stringify(await rowsOf())).not.toMatch(/anna|Anna/);
    const { items } = await listAudit(db, {}, PAGE);
    expect(items).toMatchObject([
      { actor: 'ben', subject: 'anna-b', detail: { purpose: 'x', source: 'call with Anna B.' } },
      { actor: 'consumer:anna-b', subject: 'car-of-anna', detail: { to: 'anna-b' } },
    ]);
    expect((await db.selectFrom('audit_names').selectAll().execute()).length).toBe(3);
  });

  it('forgets who was meant, in the file too, and stays whole', async () => {
    for (const who of ['anna-b', 'carl'])
      await writeAudits(db, by(`consumer:${who}`), 'consumer.changed', [
        {
          subject: who,
          detail: { source: wordsOfConsumer(who, `mail of ${who}`), device: deviceName('car-1') },
        },
      ]);
    const before = await rowsOf();
    await inTrx((trx) => deleteRows(trx, { kind: 'consumer', id: 'anna-b' }));
    expect(await rowsOf()).toEqual(before);
    await expectWhole(2);
    const { items } = await listAudit(db, {}, PAGE);
    expect(items[1]).toMatchObject({
      actor: 'consumer:erased',
      subject: 'erased',
      subjectRef: before[0]?.subject,
      detail: { source: 'erased', device: 'car-1' },
    });
    expect(items[0]).toMatchObject({ actor: 'consumer:carl', subject: 'carl' });
    expect((await listAudit(db, { subject: 'anna-b' }, PAGE)).items).toEqual([]);
    expect((await listAudit(db, { subject: before[0]?.subject }, PAGE)).items.length).toBe(1);
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
    const bytes = await readFile(join(directory, 'wayside.db'));
    expect(bytes.includes('anna-b')).toBe(false);
    expect(bytes.includes('carl')).toBe(true);
    await writeAudit(db, by('ben'), 'consumer.created', 'anna-b');
    const again = await rowsOf();
    expect(again[2]?.subject).not.toBe(before[0]?.subject);
  });

  it('takes no text for a ref that is none', async () => {
    const look = `p_${'x'.repeat(40)}`;
    await writeAudit(db, by(look), 'rule.saved', look, { name: look, [look]: [look] });
    const { items } = await listAudit(db, { subject: look, actor: look }, PAGE);
    expect(items).toMatchObject([{ actor: look, subject: look, detail: { name: look, [look]: [look] } }]);
  });

  it('is found by action without going through the entries of others', async () => {
    const asked: CompiledQuery[] = [];
    const watched = db.withPlugin({
      transformQuery({ node, queryId }) {
        asked.push(db.getExecutor().compileQuery(node, queryId));
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    for (const [index, action] of (['rule.saved', 'till.made', 'rule.state', 'till.gone'] as const).entries())
      for (const at of [1, 2, 3]) await writeAudit(db, by('ben', 10 * at + index), action, 'x');
    for (const filter of [{ action: 'till' }, { action: 'till.gone' }, { action: 'till', actor: 'ben' }]) {
      const { items, next } = await listAudit(watched, filter, { limit: 3 });
      const rest = await listAudit(watched, filter, { limit: 3, cursor: next ?? undefined });
      const found = [...items, ...(next === null ? [] : rest.items)].map(
        ({ action, at }) => `${action} ${at}`,
      );
      expect(found).toEqual(
        [
          'till.gone 33',
          'till.made 31',
          'till.gone 23',
          'till.made 21',
          'till.gone 13',
          'till.made 11',
        ].filter((entry) => entry.startsWith(filter.action)),
      );
    }
    let plans = 0;
    for (const { sql: text, parameters } of asked) {
      if (!text.includes('audit"') && !text.includes('from audit')) continue;
      const { rows } = await db.executeQuery<{ detail: string }>(
        CompiledQuery.raw(`explain query plan ${text}`, [...parameters]),
      );
      const plan = rows.map(({ detail }) => detail).filter((detail) => / audit\b/.test(detail));
      if (plan.length === 0) continue;
      plans += 1;
      for (const detail of plan)
        expect(detail).toMatch(/^SEARCH audit USING (COVERING )?INDEX audit_by_action/);
      expect(rows.map(({ detail }) => detail).join()).not.toContain('TEMP B-TREE');
    }
    expect(plans).toBeGreaterThan(8);
  });

  it('is found by subject, actor and action', async () => {
    await writeAudit(db, by('consumer:anna'), 'consumer.stopped', 'anna');
    await writeAudit(db, by('ben'), 'consumer.changed', 'anna');
    await writeAudit(db, by('ben'), 'rule.saved', 'anna');
    await writeAudit(db, by('ben'), 'consumer.changed', 'carl');
    const found = async (filter: Parameters<typeof listAudit>[1]) =>
      (await listAudit(db, filter, PAGE)).items.map(({ id }) => Number(id));
    expect(await found({ subject: 'anna' })).toEqual([3, 2, 1]);
    expect(await found({ actor: 'consumer:anna' })).toEqual([1]);
    expect(await found({ actor: 'ben', action: 'consumer' })).toEqual([4, 2]);
    expect(await found({ action: 'consumer.changed', subject: 'anna' })).toEqual([2]);
    expect(await found({ action: 'consum' })).toEqual([]);
  });

  it('does not fork where several threads write at once', async () => {
    const threads = await Promise.all(
      Array.from({ length: 4 }, () => openRecordsThread(join(directory, 'wayside.db'))),
    );
    try {
      await Promise.all(
        threads.flatMap((thread, writer) =>
          Array.from({ length: 25 }, (_, nth) =>
            writeAudit(thread.db, by(`consumer:c-${nth % 5}`), 'device.claimed', `car-${writer}-${nth}`, {
              to: consumerName(`c-${nth % 5}`),
            }),
          ),
        ),
      );
    } finally {
      for (const thread of threads) await thread.stop();
    }
    await expectWhole(100);
    const names = await db.selectFrom('audit_names').select(['kind', 'name']).execute();
    expect(names.filter(({ kind }) => kind === 'consumer').length).toBe(5);
    expect((await listAudit(db, {}, PAGE)).items.every(({ subject }) => subject.startsWith('car-'))).toBe(
      true,
    );
  });

  it('leaves no gap where a change is undone', async () => {
    await writeAudit(db, by('ben'), 'place.saved', 'a');
    const undone = inTrx(async (trx) => {
      await writeAudit(trx, by('ben'), 'place.saved', 'b');
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await writeAudit(db, by('ben'), 'place.saved', 'c');
    await expectWhole(2);
  });
});
