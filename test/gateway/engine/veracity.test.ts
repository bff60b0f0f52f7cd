import { afterEach, describe, expect, it } from 'vitest';
import { retryEntry } from '../../../gateway/engine/retry-entry.ts';
import { getQuality } from '../../../gateway/records/quality.ts';
import { getRetryable } from '../../../gateway/records/quarantine.ts';
import type { TelemetryStore, WriteOutcome } from '../../../gateway/telemetry/telemetry-store.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

const HOUR_MS = 3_600_000;
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

async function restart(engine: EngineUnderTest, options: Parameters<typeof startEngine>[0] = {}) {
  await engine.close();
  open.splice(open.indexOf(engine), 1);
  const next = await start({ ...options, dir: engine.dir });
  next.clock.set(engine.clock.now());
  return next;
}

/** With one car of Ann's, and a rule that thanks for a purchase. */
async function startWithCar(options: Parameters<typeof startEngine>[0] = {}): Promise<EngineUnderTest> {
  const engine = await start(options);
  await addPerson(engine.db, 'ann', { car1: 'car' });
  return engine;
}

async function settled(engine: EngineUnderTest): Promise<void> {
  await engine.engine.drain();
  await eventually('telemetry has everything', 30_000, async () =>
    engine.writer.storedSeq >= engine.engine.seq ? true : undefined,
  );
}

const quality = (engine: EngineUnderTest, device = 'car1') =>
  getQuality(engine.db, device, {}, engine.clock.now());
const quarantined = (engine: EngineUnderTest) =>
  engine.db.selectFrom('quarantine').selectAll().orderBy('code').orderBy('message').execute();

async function retry(engine: EngineUnderTest, id: string): Promise<void> {
  await engine.journal.append(retryEntry(await getRetryable(engine.db, id), engine.clock.now()));
}

/** Changes the car's type as PUT /api/v1/device-types does, and has it in force from the next start on. */
async function allowFuelUpTo(engine: EngineUnderTest, max: number): Promise<EngineUnderTest> {
  const row = await engine.db
    .selectFrom('device_types')
    .select('document_json')
    .where('id', '=', 'car')
    .executeTakeFirstOrThrow();
  const type = JSON.parse(row.document_json);
  type.metrics.fuel.max = max;
  await engine.db
    .updateTable('device_types')
    .set({ document_json: JSON.stringify(type) })
    .where('id', '=', 'car')
    .execute();
  return restart(engine);
}

describe('the quality record', () => {
  it('counts every kind of trouble once', async () => {
    const engine = await startWithCar();
    await engine.send('car1', { at: START, metrics: { fuel: 0.5, oil: 1 } });
    await engine.send('car1', { at: START, metrics: { fuel: 0.5, oil: 1 } }, { packetId: 2 });
    await engine.send('car1', { at: START - HOUR_MS, metrics: { fuel: 0.4 } });
    await engine.send('car1', { at: START + HOUR_MS, metrics: { oil: 'low' } });
    await engine.send('car1', { at: START + 2, metrics: { fuel: 7, rpm: 'many', oil: 2 } });
    await engine.send('car1', { at: START + 3, position: { lat: 0, lon: 0, speed: 5_000 } });
    await engine.send('car1', '{"at":');
    await settled(engine);
    expect(await quality(engine)).toMatchObject({
      readings: 6,
      stored: 5,
      late: 1,
      clockCorrected: 1,
      clockSkewMs: HOUR_MS,
      duplicates: 1,
      nullIsland: 1,
      unknownMetrics: { oil: 3 },
      refused: { bad_metric: 2, bad_position: 1, bad_json: 1 },
      outOfRange: { fuel: 1, 'position.speed': 1 },
      wrongKind: { rpm: 1 },
      kindChanged: { oil: 2 },
      firstSeenAt: START,
      lastSeenAt: START,
    });
    expect(engine.engine.counts).toMatchObject({ outOfRange: 2, nullIsland: 1, kindChanged: 2 });
  });

  it('is the same after a restart', async () => {
    let engine = await startWithCar();
    for (let index = 0; index < 20; index += 1) {
      await engine.send(
        'car1',
        { at: START - index * 60_000, metrics: { fuel: 0.5 } },
        { packetId: index + 1 },
      );
    }
    await settled(engine);
    const before = await quality(engine);
    expect(before).toMatchObject({ readings: 20, late: 19 });
    engine = await restart(engine);
    await settled(engine);
    expect(await quality(engine)).toEqual(before);
  });

  it('is not written where the commit fails, and once when it succeeds', async () => {
    const engine = await startWithCar();
    await engine.db.schema.alterTable('quality_days').renameTo('elsewhere').execute();
    await engine.send('car1', { metrics: { fuel: 0.5 } });
    const drained = engine.engine.drain();
    await eventually('trouble', 30_000, async () => engine.engine.trouble ?? undefined);
    await engine.db.schema.alterTable('elsewhere').renameTo('quality_days').execute();
    await drained;
    await settled(engine);
    expect(await quality(engine)).toMatchObject({ readings: 1, stored: 1 });
  });
});

describe('units of a dialect', () => {
  it('are turned into those of the device type and counted, also out of quarantine', async () => {
    let engine = await startWithCar();
    const pack = (value: number) => [
      { bn: 'urn:dev:mac:0024befffe804ff1:', bt: START / 1000, n: 'fuel', u: '%', v: value },
      { n: 'speed', u: 'km/h', v: 36 },
    ];
    await engine.send('car1', pack(40));
    await engine.send('car1', pack(700), { packetId: 2 });
    await settled(engine);
    expect(await quality(engine)).toMatchObject({
      unitConverted: { fuel: 2, speed: 2 },
      outOfRange: { fuel: 1 },
    });
    const [row] = await quarantined(engine);
    expect(row?.message).toBe('metrics.fuel must be at most 1 ratio, found 7');
    engine = await allowFuelUpTo(engine, 10);
    await retry(engine, row?.id ?? '');
    await settled(engine);
    expect((await engine.stored('car1')).map(({ metrics }) => metrics)).toEqual([
      { fuel: 0.4, speed: 10 },
      { speed: 10 },
      { fuel: 7 },
    ]);
  });
});

describe('quarantine', () => {
  it('counts a message that comes again, with a time of its own or without', async () => {
    const engine = await startWithCar();
    for (const message of [{ at: START, metrics: { fuel: 7, rpm: 1 } }, { metrics: { fuel: 8 } }, '{"at"']) {
      for (let times = 1; times <= 3; times += 1) {
        engine.clock.set(engine.clock.now() + 1_000);
        await engine.send('car1', message, { packetId: times });
      }
    }
    await settled(engine);
    const rows = await quarantined(engine);
    expect(rows.map(({ code, count }) => [code, count])).toEqual([
      ['bad_json', 3],
      ['bad_metric', 3],
      ['bad_metric', 3],
    ]);
    for (const { first_seen_at, last_seen_at } of rows) expect(last_seen_at - first_seen_at).toBe(2_000);
    expect(await engine.stored('car1')).toHaveLength(1);
  });
});

describe('another try out of quarantine', () => {
  it('stores the metric that was refused and nothing twice, once the range was corrected', async () => {
    let engine = await startWithCar();
    const position = { lat: 45.46, lon: 9.19 };
    await engine.send('car1', { at: START - 1_000, position, metrics: { fuel: 7, rpm: 1_000 } });
    await settled(engine);
    const [row] = await quarantined(engine);
    expect(row).toMatchObject({ code: 'bad_metric', readings_taken: 1 });
    engine.clock.set(START + HOUR_MS);
    engine = await allowFuelUpTo(engine, 10);
    await retry(engine, row?.id ?? '');
    await settled(engine);
    expect(await engine.stored('car1')).toEqual([
      { at: START - 1_000, position, metrics: { rpm: 1_000 }, flags: [] },
      { at: START - 1_000, metrics: { fuel: 7 }, flags: ['late'] },
    ]);
    expect(await quarantined(engine)).toEqual([]);
    expect(await quality(engine)).toMatchObject({
      readings: 1,
      stored: 1,
      retried: 1,
      refused: { bad_metric: 1 },
    });
  });

  it('stores it once, however often it is asked for', async () => {
    let engine = await startWithCar();
    await engine.send('car1', { metrics: { fuel: 7 } });
    await settled(engine);
    const [row] = await quarantined(engine);
    engine = await allowFuelUpTo(engine, 10);
    const message = await getRetryable(engine.db, row?.id ?? '');
    for (let times = 0; times < 3; times += 1) await engine.journal.append(retryEntry(message, START + 5));
    await settled(engine);
    await engine.journal.append(retryEntry(message, START + 6));
    await settled(engine);
    expect(await engine.stored('car1')).toEqual([{ at: START, metrics: { fuel: 7 }, flags: ['late'] }]);
    expect((await quality(engine)).retried).toBe(1);
  });

  it('that fails stays there, with what is wrong now, and stores nothing', async () => {
    let engine = await startWithCar();
    await engine.send('car1', { metrics: { fuel: 7 } });
    await settled(engine);
    const [row] = await quarantined(engine);
    engine = await allowFuelUpTo(engine, 5);
    await retry(engine, row?.id ?? '');
    await settled(engine);
    expect(await quarantined(engine)).toMatchObject([
      {
        id: row?.id,
        message: 'metrics.fuel must be at most 5 ratio, found 7',
        tries: 1,
        count: 1,
        first_seen_at: START,
      },
    ]);
    expect(await engine.stored('car1')).toEqual([]);
  });

  it('triggers nothing, and moves nothing that is known of the device', async () => {
    let engine = await startWithCar();
    const rule = {
      id: 'low',
      name: 'Low',
      trigger: { metric: { name: 'fuel', above: 6 } },
      offer: { title: 'A', body: 'B' },
    };
    await engine.db
      .insertInto('rules')
      .values({
        id: 'low',
        version: 1,
        state: 'live',
        document_json: JSON.stringify(rule),
        updated_at: START,
      })
      .execute();
    await engine.send('car1', { metrics: { fuel: 7 } });
    await settled(engine);
    const [row] = await quarantined(engine);
    engine = await allowFuelUpTo(engine, 10);
    await retry(engine, row?.id ?? '');
    await settled(engine);
    expect(await engine.db.selectFrom('decisions').selectAll().execute()).toEqual([]);
    expect(await engine.stored('car1')).toHaveLength(1);
    // Live, the same value does ring.
    await engine.send('car1', { at: START + 1, metrics: { fuel: 7 } });
    await settled(engine);
    expect(await engine.db.selectFrom('decisions').selectAll().execute()).toHaveLength(1);
  });

  it('is stored alike where the telemetry writer has to read the journal again', async () => {
    let engine = await startWithCar();
    await engine.send('car1', { metrics: { fuel: 7, rpm: 1 } });
    await settled(engine);
    const [row] = await quarantined(engine);
    await allowFuelUpTo(engine, 10);
    const away: WriteOutcome = { kind: 'retry', afterMs: 20, message: 'away' };
    const wrap = (store: TelemetryStore) =>
      new Proxy(store, {
        get: (target, name) => {
          if (name === 'write') return async () => away;
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const [last] = open.slice(-1);
    if (last === undefined) throw new Error('no engine');
    engine = await restart(last, { wrap });
    await retry(engine, row?.id ?? '');
    await engine.engine.drain();
    engine = await restart(engine);
    await settled(engine);
    expect(await engine.stored('car1')).toEqual([
      { at: START, metrics: { rpm: 1 }, flags: [] },
      { at: START, metrics: { fuel: 7 }, flags: ['late'] },
    ]);
  });
});

describe('a device whose type is unknown', () => {
  it('has its messages in quarantine, and taken once the type is there', async () => {
    let engine = await start();
    await addPerson(engine.db, 'ann', { odd: 'submarine' });
    const array = [{ metrics: { depth: 5 } }, { at: START - 5_000, metrics: { depth: 6 } }];
    await engine.send('odd', array);
    await engine.send('odd', '{"broken');
    await settled(engine);
    expect(await engine.stored('odd')).toEqual([]);
    const rows = await quarantined(engine);
    expect(rows.map(({ code }) => code)).toEqual(['unknown_type', 'unknown_type']);
    expect(await quality(engine, 'odd')).toMatchObject({ readings: 0, refused: { unknown_type: 2 } });

    for (const { id } of rows) await retry(engine, id);
    await settled(engine);
    expect((await quarantined(engine)).map(({ tries }) => tries)).toEqual([1, 1]);

    const type = {
      id: 'submarine',
      name: 'Submarine',
      metrics: { depth: { unit: 'm', kind: 'number', max: 5 } },
    };
    await engine.db
      .insertInto('device_types')
      .values({ id: 'submarine', document_json: JSON.stringify(type) })
      .execute();
    engine = await restart(engine);
    engine.clock.set(START + 60_000);
    for (const { id } of rows) await retry(engine, id);
    await settled(engine);
    expect(await engine.stored('odd')).toEqual([{ at: START, metrics: { depth: 5 }, flags: ['late'] }]);
    expect(await quarantined(engine)).toMatchObject([
      { code: 'bad_json' },
      { code: 'bad_metric', message: 'metrics.depth must be at most 5 m, found 6' },
    ]);
    expect(await quality(engine, 'odd')).toMatchObject({ readings: 1, stored: 1, retried: 1 });
  });
});

describe('metrics that a device type drops', () => {
  it('stay away also where the journal is read again', async () => {
    let engine = await start();
    const type = { id: 'terse', name: 'Terse', metrics: {}, unknownMetrics: 'drop' };
    await engine.db
      .insertInto('device_types')
      .values({ id: 'terse', document_json: JSON.stringify(type) })
      .execute();
    await addPerson(engine.db, 'ann', { t1: 'terse' });
    engine = await restart(engine);
    await engine.send('t1', { at: START, event: 'x', metrics: { noise: 1 } });
    await settled(engine);
    expect(await engine.stored('t1')).toEqual([{ at: START, event: 'x', flags: [] }]);
    expect(await engine.db.selectFrom('reading_verdicts').selectAll().execute()).toMatchObject([
      { verdict_json: expect.stringContaining('stored_as') },
    ]);
  });
});
