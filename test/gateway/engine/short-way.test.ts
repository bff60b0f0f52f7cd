import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ShortWay } from '../../../gateway/engine/short-way.ts';
import { parsePlace } from '../../../rules/places/place.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

/** Readings that were skimmed, by any engine of the test. */
const counts = { skimmed: 0 };
vi.mock('../../../gateway/engine/short-way.ts', async (original) => {
  const real = await original<typeof import('../../../gateway/engine/short-way.ts')>();
  return {
    createShortWay(...parts: Parameters<typeof real.createShortWay>): ShortWay {
      const way = real.createShortWay(...parts);
      return {
        ...way,
        take(...reading) {
          const remarks = way.take(...reading);
          if (remarks !== null) counts.skimmed += 1;
          return remarks;
        },
      };
    },
  };
});

const open: EngineUnderTest[] = [];
beforeEach(() => {
  counts.skimmed = 0;
});
afterEach(async () => {
  for (const engine of open.splice(0)) {
    await engine.close();
    await engine.remove();
  }
});

async function start(): Promise<EngineUnderTest> {
  const engine = await startEngine();
  open.push(engine);
  await addPerson(engine.db, 'ann', { car1: 'car' });
  await addPerson(engine.db, 'bob', {});
  return engine;
}

/** The reading of each ten seconds: some 11 m to the north, towards the café. */
function readingAt(n: number) {
  const at = START + n * 10_000;
  return { at, position: { lat: 45.46 + n * 1e-4, lon: 9.19, accuracy: 5 }, metrics: { fuel: 0.5 } };
}

async function send(engine: EngineUnderTest, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    engine.clock.set(readingAt(n).at);
    await engine.send('car1', readingAt(n));
  }
}

/** The same, each by a rulebook of its own: none can be skimmed. */
async function sendTheLongWay(engine: EngineUnderTest, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    await engine.changed({ kind: 'rules' });
    await send(engine, [n]);
    await engine.engine.drain();
  }
}

/** A café of 50 m that reading 8 is in the midst of, and a rule that greets everyone who enters. */
async function addCafe(engine: EngineUnderTest): Promise<void> {
  const { lat, lon } = readingAt(8).position;
  const feature = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [lon, lat] },
    properties: { name: 'Café', radiusMetres: 50 },
  };
  expect(parsePlace('cafe', feature).ok).toBe(true);
  const rule = {
    id: 'hello',
    name: 'Hello',
    trigger: { place: { id: 'cafe' }, on: 'enter' },
    offer: { title: 'Hello', body: 'Coffee?', expires: 'PT30M' },
  };
  const updated_at = START;
  await engine.db
    .insertInto('places')
    .values({ id: 'cafe', name: 'Café', feature_json: JSON.stringify(feature), updated_at })
    .execute();
  await engine.db
    .insertInto('rules')
    .values({ id: 'hello', version: 1, state: 'live', document_json: JSON.stringify(rule), updated_at })
    .execute();
  await engine.changed({ kind: 'places', changed: ['cafe'], removed: [] });
  await engine.changed({ kind: 'rules' });
}

async function giveToBob(engine: EngineUnderTest): Promise<void> {
  await engine.db.updateTable('devices').set({ consumer_id: 'bob' }).where('id', '=', 'car1').execute();
  await engine.changed({ kind: 'devices', ids: ['car1'] });
}

/** What is remembered of everybody, and what came of it. */
async function outcomeOf({ db }: EngineUnderTest) {
  const memories = await db.selectFrom('subject_memories').selectAll().orderBy('subject').execute();
  return {
    memories: memories.map(({ subject, memory_json, wake_at }) => ({
      subject,
      wake_at,
      memory: JSON.parse(memory_json) as unknown,
    })),
    visits: await db.selectFrom('visits').select(['device', 'place', 'entered_at']).execute(),
    deliveries: await db.selectFrom('deliveries').select(['rule', 'consumer']).execute(),
  };
}

describe('the short way', () => {
  it('comes to what deciding comes to where a commit failed after it', async () => {
    const engine = await start();
    await send(engine, [0, 1, 2]);
    await engine.engine.drain();
    const before = counts.skimmed;
    await sql`create trigger full_disk before insert on subject_memories begin select raise(abort, 'disk full'); end`.execute(
      engine.db,
    );
    await send(engine, [3, 4, 5]);
    const drained = engine.engine.drain();
    await eventually('the engine says what is wrong', 30_000, async () => engine.engine.trouble ?? undefined);
    expect(counts.skimmed - before).toBeGreaterThanOrEqual(3);
    await sql`drop trigger full_disk`.execute(engine.db);
    await drained;
    const retaken = counts.skimmed;
    // Taken again from where they had been: by a memory that is ahead of them, none could be skimmed.
    expect(retaken - before).toBeGreaterThanOrEqual(3 + 2);
    await send(engine, [6, 7]);
    await engine.engine.drain();
    expect(counts.skimmed).toBeGreaterThan(retaken);
    const skimmed = counts.skimmed;

    const other = await start();
    await sendTheLongWay(other, [0, 1, 2, 3, 4, 5, 6, 7]);
    expect(counts.skimmed).toBe(skimmed);
    expect(await outcomeOf(engine)).toEqual(await outcomeOf(other));
    expect(engine.engine.counts).toMatchObject({ readings: 8, duplicates: 0 });
  });

  it('holds no memory after an erasure, also of a person without devices', async () => {
    const engine = await start();
    await send(engine, [0, 1, 2, 3]);
    await engine.engine.drain();
    const before = counts.skimmed;
    await engine.engine.between(async () => engine.engine.forget([]));
    await send(engine, [4, 5, 6]);
    await engine.engine.drain();
    // The first of them finds anew what the others are skimmed by.
    expect(counts.skimmed - before).toBe(2);
  });

  it.each([
    ['the rulebook changed', addCafe, { deliveries: [{ rule: 'hello', consumer: 'ann' }] }],
    ['the device was given to another person', giveToBob, { deliveries: [] }],
  ])('is left once where %s between two skims', async (_, change, expected) => {
    const engine = await start();
    await send(engine, [0, 1, 2, 3]);
    await engine.engine.drain();
    const before = counts.skimmed;
    expect(before).toBeGreaterThan(0);
    await change(engine);
    await send(engine, [4, 5, 6, 7, 8, 9]);
    await engine.engine.drain();
    expect(counts.skimmed).toBeGreaterThan(before);
    const skimmed = counts.skimmed;

    const other = await start();
    await sendTheLongWay(other, [0, 1, 2, 3]);
    await change(other);
    await sendTheLongWay(other, [4, 5, 6, 7, 8, 9]);
    expect(counts.skimmed).toBe(skimmed);
    const outcome = await outcomeOf(engine);
    expect(outcome).toEqual(await outcomeOf(other));
    expect(outcome).toMatchObject(expected);
  });
});
