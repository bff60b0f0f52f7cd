import { type KyselyPlugin, sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import type { TelemetryStore, WriteOutcome } from '../../../gateway/telemetry/telemetry-store.ts';
import { parsePlace } from '../../../rules/places/place.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

const open: EngineUnderTest[] = [];
afterEach(async () => {
  for (let engine = open.pop(); engine !== undefined; engine = open.pop()) {
    await engine.close();
    await engine.remove();
  }
});

async function start(options: Parameters<typeof startEngine>[0] = {}): Promise<EngineUnderTest> {
  const engine = await startEngine(options);
  open.push(engine);
  return engine;
}

/** Ends an engine and starts another on its directory. */
async function restart(
  engine: EngineUnderTest,
  options: Parameters<typeof startEngine>[0] = {},
): Promise<EngineUnderTest> {
  await engine.close();
  open.splice(open.indexOf(engine), 1);
  return start({ ...options, dir: engine.dir });
}

async function settled(engine: EngineUnderTest): Promise<void> {
  await engine.engine.drain();
  await eventually('telemetry has everything', 30_000, async () =>
    engine.writer.storedSeq >= engine.engine.seq ? true : undefined,
  );
}

/** A café of 50 m around 45.46, 9.19 and a rule that greets everyone who enters. */
async function addCafe({ db }: EngineUnderTest): Promise<void> {
  const feature = {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [9.19, 45.46] },
    properties: { name: 'Café', tags: ['coffee'], radiusMetres: 50 },
  };
  expect(parsePlace('cafe', feature).ok).toBe(true);
  await db
    .insertInto('places')
    .values({ id: 'cafe', name: 'Café', feature_json: JSON.stringify(feature), updated_at: START })
    .execute();
  const rule = {
    id: 'hello',
    name: 'Hello',
    trigger: { place: { id: 'cafe' }, on: 'enter' },
    offer: { title: 'Hello at {{ place.name }}', body: 'Coffee?', expires: 'PT30M' },
  };
  await db
    .insertInto('rules')
    .values({
      id: 'hello',
      version: 1,
      state: 'live',
      document_json: JSON.stringify(rule),
      updated_at: START,
    })
    .execute();
}

const inside = { lat: 45.46, lon: 9.19, accuracy: 5 };
const outside = { lat: 45.47, lon: 9.19, accuracy: 5 };

describe('a reading', () => {
  it('that is repeated with its time is stored once, also after a restart', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    const reading = { at: START - 1_000, metrics: { fuel: 0.5 } };
    await engine.send('car1', reading);
    await engine.send('car1', reading, { packetId: 2 });
    await settled(engine);
    const again = await restart(engine);
    await again.send('car1', reading, { packetId: 3 });
    await again.send('car1', { ...reading, metrics: { fuel: 0.4 } }, { packetId: 4 });
    await settled(again);
    expect((await again.stored('car1')).map(({ metrics }) => metrics?.fuel)).toEqual([0.5, 0.4]);
    expect(again.engine.counts.duplicates).toBe(1);
  });

  it('is stored once where a device sends again, in order, all that a killed gateway had and did not acknowledge', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    const readings = [0.5, 0.4, 0.3, 0.2].map((fuel, n) => ({
      at: START - 4_000 + n * 1_000,
      metrics: { fuel },
    }));
    for (const [n, reading] of readings.entries()) await engine.send('car1', reading, { packetId: n + 1 });
    await settled(engine);
    const again = await restart(engine);
    for (const [n, reading] of readings.entries()) await again.send('car1', reading, { packetId: n + 11 });
    await again.send('car1', { at: START, metrics: { fuel: 0.1 } }, { packetId: 20 });
    await settled(again);
    expect((await again.stored('car1')).map(({ metrics }) => metrics?.fuel)).toEqual([
      0.5, 0.4, 0.3, 0.2, 0.1,
    ]);
    expect(again.engine.counts.duplicates).toBe(4);
  });

  it('without a time is stored as often as it came, save for a repeated PUBLISH with DUP', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { fridge1: 'fridge' });
    await engine.send('fridge1', { metrics: { temperature: 4 } }, { packetId: 7 });
    await engine.send('fridge1', { metrics: { temperature: 4 } }, { packetId: 8 });
    await engine.send('fridge1', { metrics: { temperature: 4 } }, { packetId: 7, dup: true });
    await engine.send('fridge1', '[{"metrics":{"temperature":4}},{"metrics":{"temperature":4}}]', {
      packetId: 9,
    });
    await settled(engine);
    expect(await engine.stored('fridge1')).toHaveLength(4);
  });

  it('without a time is known by packet id and content, through restarts and all packet ids', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { fridge1: 'fridge' });
    const reading = (temperature: number) => ({ metrics: { temperature } });
    for (let packetId = 1; packetId <= 70; packetId += 1)
      await engine.send('fridge1', reading(packetId % 5), { packetId });
    await settled(engine);
    const again = await restart(engine);
    // Another content under a known id is a reading of its own, and so is the same content of another client.
    await again.send('fridge1', reading(3), { packetId: 64, dup: true });
    await again.send('fridge1', reading(4), { packetId: 64, dup: true, clientId: 'other' });
    await again.send('fridge1', reading(0), { packetId: 5, dup: true });
    await again.send('fridge1', reading(0), { packetId: 70, dup: true });
    await again.send('fridge1', reading(0), { packetId: 0, qos: 0 });
    await again.send('fridge1', reading(0), { packetId: 0, qos: 0 });
    await settled(again);
    expect(again.engine.counts).toMatchObject({ readings: 6, duplicates: 2 });
    expect(await again.stored('fridge1')).toHaveLength(74);
    // A day later the same id and content are news.
    again.clock.set(START + 24 * 3_600_000 + 60_000);
    await again.send('fridge1', reading(1), { packetId: 6, dup: true });
    await settled(again);
    expect(again.engine.counts).toMatchObject({ readings: 7, duplicates: 2 });
  });

  it('without a time is still known after 70,000 messages of others, and not when its id was used again', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { fridge1: 'fridge', car1: 'car' });
    await engine.send('car1', { metrics: { fuel: 0.5 } }, { packetId: 9 });
    const sent: Promise<void>[] = [];
    for (let n = 1; n <= 70_000; n += 1) {
      const payload = `{"metrics":{"temperature":${n % 7}}}`;
      sent.push(engine.send('fridge1', payload, { packetId: (n % 65_535) + 1 }));
    }
    await Promise.all(sent);
    await engine.send('car1', { metrics: { fuel: 0.5 } }, { packetId: 9, dup: true });
    // Packet id 10 was used by the 9th message and by the 65,544th; the latter is the one that may come again.
    await engine.send('fridge1', { metrics: { temperature: 65_544 % 7 } }, { packetId: 10, dup: true });
    await engine.send('fridge1', { metrics: { temperature: 9 % 7 } }, { packetId: 10, dup: true });
    await settled(engine);
    expect(engine.engine.counts).toMatchObject({ readings: 70_004, duplicates: 2 });
    expect(await engine.stored('car1')).toHaveLength(1);
    expect(await engine.stored('fridge1')).toHaveLength(70_001);
  });

  it('that is rubbish is quarantined and counted, and hurts no other', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    await engine.send('car1', '{"metrics":');
    await engine.send('car1', '{"metrics":');
    await engine.send('car1', '[{"position":{"lat":91,"lon":0}},{"metrics":{"fuel":0.3}}]');
    await engine.send('car1', { position: inside }, { truncatedFrom: 2_000_000 });
    await settled(engine);
    const rows = await engine.db
      .selectFrom('quarantine')
      .select(['code', 'count', 'device'])
      .orderBy('code')
      .execute();
    expect(rows).toEqual([
      { code: 'bad_json', count: 2, device: 'car1' },
      { code: 'bad_position', count: 1, device: 'car1' },
      { code: 'too_large', count: 1, device: 'car1' },
    ]);
    expect((await engine.stored('car1')).map(({ metrics }) => metrics)).toEqual([{ fuel: 0.3 }]);
  });

  it('that is rubbish in a new way each time fills neither the disk nor the list', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car', car2: 'car' });
    await engine.send('car2', 'seen before');
    for (let n = 0; n < 600; n++) {
      engine.clock.set(START + n);
      await engine.send('car1', `{bad${n}${' '.repeat(30_000)}`);
    }
    await settled(engine);
    const rows = await engine.db
      .selectFrom('quarantine')
      .select(['payload', 'last_seen_at'])
      .where('device', '=', 'car1')
      .execute();
    expect(rows).toHaveLength(500);
    expect(Math.min(...rows.map((row) => row.last_seen_at))).toBe(START + 100);
    expect(Math.max(...rows.map((row) => row.payload.length))).toBe(16 * 1024);
    const others = await engine.db
      .selectFrom('quarantine')
      .select('id')
      .where('device', '=', 'car2')
      .execute();
    expect(others).toHaveLength(1);
  });

  it('whose message repeats one complaint a thousand times is kept once with their number, and different ones up to a bound', async () => {
    const inserts: string[] = [];
    const plugin: KyselyPlugin = {
      transformQuery({ node }) {
        if (node.kind === 'RawNode' && node.sqlFragments[0]?.startsWith('insert into quarantine'))
          inserts.push(node.kind);
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const engine = await start({ plugin });
    await addPerson(engine.db, 'ann', { car1: 'car' });
    const bad = (n: number) => ({ at: START + n, metrics: { n, fuel: 7, rpm: 'many' } });
    await engine.send(
      'car1',
      Array.from({ length: 1_000 }, (_, n) => bad(n)),
    );
    await settled(engine);
    const kept = await engine.db
      .selectFrom('quarantine')
      .select(['count', 'message', 'part_json', 'readings_taken'])
      .orderBy('message')
      .execute();
    expect(kept).toMatchObject([
      {
        count: 1_000,
        message: expect.stringContaining('fuel'),
        part_json: expect.stringContaining('"index":0'),
      },
      { count: 1_000, message: expect.stringContaining('rpm'), readings_taken: 1_000 },
    ]);
    expect(engine.engine.counts.quarantined).toBe(2_000);
    expect(inserts).toHaveLength(2);

    const units = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`u${n}`, 5]));
    await engine.db
      .updateTable('device_types')
      .set({ document_json: sql`json_set(document_json, '$.unknownMetrics', 'quarantine')` })
      .where('id', '=', 'car')
      .execute();
    await engine.changed({ kind: 'device-types' });
    inserts.length = 0;
    await engine.send('car1', [{ metrics: units }, { metrics: { fuel: 0.5 } }]);
    await settled(engine);
    expect(inserts).toHaveLength(21);
    expect(
      await engine.db
        .selectFrom('quarantine')
        .select('count')
        .where('message', '=', 'and 10 more problems of this message')
        .execute(),
    ).toEqual([{ count: 1 }]);
  });

  it('is forgotten in its time, also where the gateway is started anew each day', async () => {
    const DAY_MS = 86_400_000;
    let engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    for (let day = 0; day < 4; day += 1) {
      engine.clock.set(START + day * DAY_MS);
      await engine.send('car1', { at: START + day * DAY_MS, metrics: { fuel: 0.5 } });
      await settled(engine);
      const tables = ['seen_readings_0', 'seen_readings_1'] as const;
      const seen = await Promise.all(
        tables.map((table) => engine.db.selectFrom(table).selectAll().execute()),
      );
      expect(seen.flat()).toHaveLength(Math.min(2, day + 1));
      engine = await restart(engine);
    }
  });

  it('that would be a jump is not where the device is, until it is confirmed', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    await engine.send('car1', { position: { lat: 30, lon: 30 } });
    await settled(engine);
    engine.clock.set(START + 1_000);
    await engine.send('car1', { position: { lat: 50, lon: 50 } });
    await settled(engine);
    expect(engine.shown.map(({ position }) => position?.lat)).toEqual([30]);
    engine.clock.set(START + 2_000);
    await engine.send('car1', { position: { lat: 50.0001, lon: 50 } });
    await settled(engine);
    expect(engine.shown.map(({ position }) => position?.lat)).toEqual([30, 50.0001]);
    expect(await engine.stored('car1')).toHaveLength(3);
  });
});

describe('an offer', () => {
  it('is queued once for a visit, also when the engine is started again in between', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car', phone1: 'phone' });
    await addCafe(engine);
    const first = await restart(engine);
    await first.send('car1', { position: inside });
    await settled(first);
    const second = await restart(first);
    second.clock.set(START + 20_000);
    await second.send('car1', { position: { ...inside, lat: 45.4601 } });
    await second.send('phone1', { position: inside });
    await settled(second);
    const deliveries = await second.db.selectFrom('deliveries').selectAll().execute();
    expect(deliveries).toHaveLength(1);
    expect(JSON.parse(deliveries[0]?.offer_json ?? '')).toMatchObject({
      title: 'Hello at Café',
      body: 'Coffee?',
    });
    const visits = await second.db
      .selectFrom('visits')
      .select(['device', 'place', 'exited_at'])
      .orderBy('device')
      .execute();
    expect(visits).toEqual([
      { device: 'car1', place: 'cafe', exited_at: null },
      { device: 'phone1', place: 'cafe', exited_at: null },
    ]);
  });

  it('is neither lost nor doubled when a commit fails', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    await addCafe(engine);
    const again = await restart(engine);
    await sql`create trigger full_disk before insert on visits begin select raise(abort, 'disk full'); end`.execute(
      again.db,
    );
    await again.send('car1', { at: START, position: inside });
    const drained = again.engine.drain();
    await eventually('the engine says what is wrong', 30_000, async () => again.engine.trouble ?? undefined);
    expect(await again.db.selectFrom('deliveries').selectAll().execute()).toEqual([]);
    await sql`drop trigger full_disk`.execute(again.db);
    await drained;
    await settled(again);
    expect(again.engine.trouble).toBeNull();
    expect(await again.db.selectFrom('deliveries').select('rule').execute()).toEqual([{ rule: 'hello' }]);
    expect(await again.stored('car1')).toHaveLength(1);
  });

  it('does not follow from a late reading', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    await addCafe(engine);
    const again = await restart(engine);
    await again.send('car1', { at: START - 10 * 60_000, position: inside });
    await settled(again);
    expect(await again.db.selectFrom('deliveries').selectAll().execute()).toEqual([]);
    expect((await again.stored('car1')).map(({ flags }) => flags)).toEqual([['late']]);
  });
});

describe('a visit', () => {
  it('is closed by silence, by a timer that survives a restart', async () => {
    const engine = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    await addCafe(engine);
    const first = await restart(engine);
    await first.send('car1', { position: outside });
    first.clock.set(START + 60_000);
    await first.send('car1', { position: inside });
    await settled(first);
    const second = await restart(first);
    second.clock.set(START + 12 * 60_000);
    await second.engine.drain();
    const closed = await eventually('the visit is closed', 30_000, async () =>
      second.db.selectFrom('visits').selectAll().where('exited_at', 'is not', null).executeTakeFirst(),
    );
    expect(closed).toMatchObject({ device: 'car1', exited_at: START + 60_000, ended_by: 'silence' });
  });
});

describe('a telemetry store that is away', () => {
  it('delays nothing else, and gets everything once, as the engine saw it, also after a restart', async () => {
    let away = true;
    const wrap = (store: TelemetryStore): TelemetryStore => ({
      ...store,
      name: store.name,
      start: () => store.start(),
      stop: () => store.stop(),
      storedSeq: () => store.storedSeq(),
      read: (query) => store.read(query),
      write: async (points, seq): Promise<WriteOutcome> =>
        away ? { kind: 'retry', afterMs: 20, message: 'away' } : store.write(points, seq),
    });
    const engine = await start({ wrap });
    await addPerson(engine.db, 'ann', { car1: 'car' });
    await engine.send('car1', { at: START, metrics: { fuel: 0.5 } });
    await engine.send('car1', { at: START - 5 * 60_000, metrics: { fuel: 0.6 } });
    await engine.send('car1', { at: START, metrics: { fuel: 0.5 } });
    await engine.send('car1', { at: START + 10 * 60_000, metrics: { fuel: 0.4 } });
    await engine.engine.drain();
    expect(engine.engine.counts.readings).toBe(4);
    await eventually('the writer says what is wrong', 30_000, async () => engine.writer.trouble ?? undefined);
    expect(await engine.stored('car1')).toEqual([]);

    const again = await restart(engine, { wrap });
    away = false;
    await again.send('car1', { at: START + 1, metrics: { fuel: 0.3 } });
    await settled(again);
    const stored = await again.stored('car1');
    expect(stored.map(({ at, metrics, flags }) => [at - START, metrics?.fuel, flags])).toEqual([
      [-5 * 60_000, 0.6, ['late']],
      [0, 0.5, []],
      [0, 0.4, ['clock_corrected']],
      [1, 0.3, []],
    ]);
    await eventually('the verdicts have served, and go', 30_000, async () => {
      const verdicts = await again.db.selectFrom('reading_verdicts').selectAll().execute();
      return verdicts.length === 0 ? true : undefined;
    });
  });
});

it('what is done between batches waits until what was taken is committed, or dropped to be taken again', async () => {
  let onQuery: () => void = () => undefined;
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      onQuery();
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const engine = await start({ plugin });
  await addPerson(engine.db, 'ann', { car1: 'car' });
  await sql`create trigger full_disk before insert on cursors when new.name = 'engine'
    begin select raise(abort, 'disk full'); end`.execute(engine.db);
  // So many that their commit may wait: what comes between finds them uncommitted.
  for (let n = 0; n < 300; n += 1) await engine.send('car1', { at: START + n, metrics: { n } });
  let done: Promise<void> | undefined;
  let troubleThen: string | null | undefined;
  onQuery = () => {
    done ??= engine.engine.between(async () => {
      troubleThen = engine.engine.trouble;
    });
  };
  const drained = engine.engine.drain();
  await eventually('the engine says what is wrong', 30_000, async () => engine.engine.trouble ?? undefined);
  await done;
  expect(troubleThen).toBeNull();
  await sql`drop trigger full_disk`.execute(engine.db);
  await drained;
  expect(engine.engine.counts).toMatchObject({ readings: 300, late: 0, duplicates: 0 });
});

it('what has changed comes to its turn between batches, however much waits in the journal', async () => {
  const engine = await start();
  await addPerson(engine.db, 'ann', { car1: 'car' });
  const sent = Array.from({ length: 25_000 }, (_, n) =>
    engine.send('car1', { at: START + n, metrics: { n } }),
  );
  await Promise.all(sent);
  let isDrained = false;
  const drained = engine.engine.drain().then(() => {
    isDrained = true;
  });
  await engine.engine.between(async () => undefined);
  expect(isDrained).toBe(false);
  await drained;
  expect(engine.engine.counts.readings).toBe(25_000);
});
