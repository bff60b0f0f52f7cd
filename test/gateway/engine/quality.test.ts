import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pruneQuality, saveQuality } from '../../../gateway/engine/quality-save.ts';
import { MOST_NAMES, QualityTally, skewName } from '../../../gateway/engine/quality-tally.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import { getQuality, listQuality } from '../../../gateway/records/quality.ts';
import type { Schema } from '../../../gateway/records/schema.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 4, 4, 12);
const TODAY = Date.UTC(2026, 4, 4);

let dir: string;
let db: Kysely<Schema>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-quality-'));
  db = openRecords(join(dir, 'wayside.db'));
  await migrate(db);
});
afterAll(async () => {
  await db.destroy();
  await rm(dir, { recursive: true });
});
beforeEach(async () => {
  await db.deleteFrom('devices').execute();
  for (const id of ['a', 'b', 'c']) await addDevice(id);
});

const addDevice = (id: string) =>
  db
    .insertInto('devices')
    .values({
      id,
      device_key: id,
      type: 'car',
      consumer_id: null,
      token_hash: '',
      token_lookup: id,
      created_at: 1,
    })
    .execute();

async function save(fill: (tally: QualityTally) => void): Promise<void> {
  const tally = new QualityTally();
  fill(tally);
  await db.transaction().execute((transaction) => saveQuality(transaction, tally));
}

const plain = (device: string, at: number, readings: number) => (tally: QualityTally) => {
  const of = tally.of(device, at);
  of.readings += readings;
  of.stored += readings;
};

describe('the quality record of a device', () => {
  it('adds up what every commit brought, day by day', async () => {
    await save(plain('a', NOW - DAY_MS, 10));
    await save(plain('a', NOW, 5));
    await save((tally) => {
      plain('a', NOW + 1_000, 5)(tally);
      tally.of('a', NOW + 1_000).note('late', '', NOW + 1_000);
      tally.of('a', NOW + 2_000).note('unknown_metric', 'oil', NOW + 2_000, 3);
    });
    expect(await getQuality(db, 'a', {}, NOW)).toMatchObject({
      readings: 20,
      stored: 20,
      issues: 1,
      late: 1,
      unknownMetrics: { oil: 3 },
      firstSeenAt: NOW - DAY_MS,
      lastSeenAt: NOW + 2_000,
      lastSeen: { late: NOW + 1_000, unknownMetrics: NOW + 2_000 },
      days: [
        { from: TODAY - DAY_MS, readings: 10, stored: 10, issues: 0 },
        { from: TODAY, readings: 10, stored: 10, issues: 1 },
      ],
    });
  });

  it('is of the whole days that the period touches', async () => {
    for (const day of [0, 1, 2]) await save(plain('a', NOW - day * DAY_MS, 1));
    const { readings, from, to } = await getQuality(db, 'a', { from: NOW - DAY_MS, to: NOW }, NOW);
    expect({ readings, from, to }).toEqual({ readings: 2, from: TODAY - DAY_MS, to: TODAY + DAY_MS });
    expect((await getQuality(db, 'a', { to: TODAY }, NOW)).readings).toBe(2);
  });

  it('of a batch over midnight goes to both days', async () => {
    await save((tally) => {
      plain('a', TODAY - 1, 1)(tally);
      plain('a', TODAY, 2)(tally);
    });
    expect((await getQuality(db, 'a', {}, NOW)).days.map(({ readings }) => readings)).toEqual([1, 2]);
  });

  it('is empty for a device that said nothing, and unknown for no device', async () => {
    expect(await getQuality(db, 'a', {}, NOW)).toMatchObject({
      readings: 0,
      clockSkewMs: null,
      firstSeenAt: null,
      days: [],
    });
    await expect(getQuality(db, 'nobody', {}, NOW)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('tells the median of clocks that were ahead', async () => {
    await save((tally) => {
      for (const skew of [3_600_400, 3_600_900, 3_599_800, 86_400_000]) {
        tally.of('a', NOW).note('clock_corrected', '', NOW);
        tally.of('a', NOW).note('clock_skew', skewName(skew), NOW);
      }
    });
    expect(await getQuality(db, 'a', {}, NOW)).toMatchObject({
      clockCorrected: 4,
      clockSkewMs: 3_600_000,
      issues: 4,
    });
  });

  it('keeps a bounded number of names, in one batch and over many, and loses no count', async () => {
    await save((tally) => {
      for (let index = 0; index < 10 * MOST_NAMES; index += 1)
        tally.of('a', NOW).note('unknown_metric', `m${index}`, NOW);
    });
    for (let batch = 0; batch < 5; batch += 1) {
      await save((tally) => {
        for (let index = 0; index < 20; index += 1)
          tally.of('a', NOW).note('unknown_metric', `n${batch}-${index}`, NOW);
        tally.of('a', NOW).note('unknown_metric', 'm0', NOW);
      });
    }
    const { unknownMetrics } = await getQuality(db, 'a', {}, NOW);
    expect(Object.keys(unknownMetrics)).toHaveLength(MOST_NAMES + 1);
    expect(unknownMetrics).toMatchObject({ m0: 6, '(other)': 9 * MOST_NAMES + 100 });
  });

  it('takes any name as a name', async () => {
    for (const name of ['__proto__', 'constructor', "x'; drop table devices; --", 'ü "quoted"'])
      await save((tally) => tally.of('a', NOW).note('unknown_metric', name, NOW));
    const { unknownMetrics } = await getQuality(db, 'a', {}, NOW);
    expect(Object.entries(unknownMetrics)).toHaveLength(4);
    expect(Object.hasOwn(unknownMetrics, '__proto__')).toBe(true);
  });

  it('goes with its device, and a device that is gone is passed over', async () => {
    await save(plain('a', NOW, 1));
    await db.deleteFrom('devices').where('id', '=', 'a').execute();
    await save((tally) => {
      plain('a', NOW, 1)(tally);
      plain('b', NOW, 1)(tally);
    });
    expect(await db.selectFrom('quality_days').select('device').execute()).toEqual([{ device: 'b' }]);
  });

  it('forgets what is 30 days old', async () => {
    for (const day of [0, 29, 30, 31]) {
      await save((tally) => {
        plain('a', NOW - day * DAY_MS, 1)(tally);
        tally.of('a', NOW - day * DAY_MS).note('late', '', NOW);
      });
    }
    await db.transaction().execute((transaction) => pruneQuality(transaction, NOW));
    expect(await getQuality(db, 'a', { from: 0 }, NOW)).toMatchObject({ readings: 2, late: 2 });
  });
});

describe('the fleet', () => {
  it('is listed from the most issues a reading on, in pages', async () => {
    await save((tally) => {
      plain('a', NOW, 100)(tally);
      tally.of('a', NOW).note('late', '', NOW, 2);
      plain('b', NOW, 10)(tally);
      tally.of('b', NOW).note('refused', 'bad_json', NOW, 5);
      plain('c', NOW, 10)(tally);
      tally.of('c', NOW).note('unknown_metric', 'oil', NOW, 10);
    });
    const all = await listQuality(db, {}, { limit: 10, offset: 0 }, NOW);
    expect(all.more).toBe(false);
    expect(all.items).toMatchObject([
      { device: 'b', type: 'car', issuesPerReading: 0.5, issues: 5, refused: { bad_json: 5 } },
      { device: 'a', issuesPerReading: 0.02, late: 2 },
      { device: 'c', issuesPerReading: 0, unknownMetrics: { oil: 10 } },
    ]);
    const second = await listQuality(db, {}, { limit: 1, offset: 1 }, NOW);
    expect(second).toMatchObject({ more: true, items: [{ device: 'a' }] });
  });
});
