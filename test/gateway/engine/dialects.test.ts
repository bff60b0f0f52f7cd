import { sql } from 'kysely';
import { get } from 'sparkplug-payload';
import { afterEach, describe, expect, it } from 'vitest';
import {
  addAlias,
  deviceOfAliases,
  listAliases,
  removeAlias,
} from '../../../gateway/records/device-aliases.ts';
import type { TelemetryStore, WriteOutcome } from '../../../gateway/telemetry/telemetry-store.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

const NODE = 'spBv1.0/plant/node';
const tahu = get('spBv1.0') as { encodePayload(payload: object): Uint8Array };
const CHANGE = { actor: 'test', at: START } as const;

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
  return start({ ...options, dir: engine.dir });
}

async function startWithNode(options: Parameters<typeof startEngine>[0] = {}): Promise<EngineUnderTest> {
  const engine = await start(options);
  await addPerson(engine.db, 'ann', { node: 'car', pump: 'car' });
  await addAlias(engine.db, 'node', NODE, CHANGE);
  await addAlias(engine.db, 'pump', `${NODE}/pump`, CHANGE);
  return engine;
}

async function settled(engine: EngineUnderTest): Promise<void> {
  await engine.engine.drain();
  await eventually('telemetry has everything', 30_000, async () =>
    engine.writer.storedSeq >= engine.engine.seq ? true : undefined,
  );
}

let seq = 0;
const send = (engine: EngineUnderTest, message: string, metrics: object[], userId = 'node') =>
  engine.send(userId, '', {
    topic: `spBv1.0/plant/${message}`,
    clientId: 'tahu',
    payload: tahu.encodePayload({ timestamp: START - 1000 + seq, seq: seq++ % 256, metrics }),
    span: 1000,
  });

const birth = (engine: EngineUnderTest) =>
  send(engine, 'NBIRTH/node', [{ name: 'rpm', alias: 1, type: 'Int32', value: 0 }]);
const data = (engine: EngineUnderTest, value: number) =>
  send(engine, 'NDATA/node', [{ alias: 1, type: 'Int32', value }]);
const stored = async (engine: EngineUnderTest, device = 'node') =>
  (await engine.stored(device)).map(({ metrics }) => metrics);

describe('what an edge node told', () => {
  it('is known after a restart, and after a commit that failed', async () => {
    let engine = await startWithNode();
    await birth(engine);
    await settled(engine);
    engine = await restart(engine);
    await sql`create trigger full_disk before update on dialect_states begin select raise(abort, 'disk full'); end`.execute(
      engine.db,
    );
    await data(engine, 1);
    const drained = engine.engine.drain();
    await eventually('the engine says what is wrong', 30_000, async () => engine.engine.trouble ?? undefined);
    await sql`drop trigger full_disk`.execute(engine.db);
    await drained;
    await data(engine, 2);
    await settled(engine);
    expect(await stored(engine)).toEqual([{ rpm: 0 }, { rpm: 1 }, { rpm: 2 }]);
    expect(await engine.db.selectFrom('quarantine').selectAll().execute()).toEqual([]);
  });

  it('is not needed to store its readings after the store was away', async () => {
    const away: WriteOutcome = { kind: 'retry', afterMs: 20, message: 'away' };
    const wrap = (store: TelemetryStore) =>
      new Proxy(store, {
        get: (target, name) => {
          if (name === 'write') return async () => away;
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    let engine = await startWithNode({ wrap });
    await birth(engine);
    await send(engine, 'DBIRTH/node/pump', [{ name: 'load', alias: 7, type: 'Int32', value: 3 }], 'pump');
    await data(engine, 1);
    // Another birth gives the alias to another metric: what was read before must not be read anew by it.
    await send(engine, 'NBIRTH/node', [{ name: 'other', alias: 1, type: 'Int32', value: 9 }]);
    await engine.engine.drain();
    engine = await restart(engine);
    await settled(engine);
    expect(await stored(engine)).toEqual([{ rpm: 0 }, { rpm: 1 }, { other: 9 }]);
    expect(await stored(engine, 'pump')).toEqual([{ load: 3 }]);
  });

  it('ends with the alias', async () => {
    const engine = await startWithNode();
    await birth(engine);
    await settled(engine);
    expect(await engine.db.selectFrom('dialect_states').select('alias').execute()).toEqual([{ alias: NODE }]);
    await removeAlias(engine.db, 'node', NODE, CHANGE);
    expect(await engine.db.selectFrom('dialect_states').selectAll().execute()).toEqual([]);
    await data(engine, 1);
    await settled(engine);
    expect(await engine.db.selectFrom('dialect_states').selectAll().execute()).toEqual([]);
  });
});

describe('aliases', () => {
  it('name one device each, and the closest counts', async () => {
    const { db } = await startWithNode();
    expect(await listAliases(db, 'pump')).toEqual([{ alias: `${NODE}/pump`, dialect: 'Sparkplug B' }]);
    expect(await deviceOfAliases(db, [`${NODE}/pump`, NODE])).toBe('pump');
    expect(await deviceOfAliases(db, [`${NODE}/fan`, NODE])).toBe('node');
    expect(await deviceOfAliases(db, ['owntracks/a/b'])).toBeNull();
    await expect(addAlias(db, 'pump', NODE, CHANGE)).rejects.toMatchObject({ code: 'already_exists' });
    expect(await addAlias(db, 'node', NODE, CHANGE)).toEqual({ outdated: [] });
    expect(await addAlias(db, 'pump', `${NODE}/fan`, CHANGE)).toEqual({ outdated: ['pump', 'node'] });
  });

  it('are bounded for a device', async () => {
    const { db } = await startWithNode();
    const add = (index: number) => addAlias(db, 'pump', `owntracks/user/${index}`, CHANGE);
    for (let index = 0; index < 19; index += 1) await add(index);
    await expect(add(19)).rejects.toMatchObject({ code: 'too_many_aliases' });
  });
});

it('SenML that counts its times from now is known by its packet when it comes again', async () => {
  const engine = await startWithNode();
  const pack = [
    { n: 'fuel', v: 0.5, t: -5 },
    { n: 'fuel', v: 0.6, t: -4 },
  ];
  await engine.send('node', pack);
  engine.clock.set(START + 700);
  await engine.send('node', pack, { dup: true });
  await engine.send('node', pack);
  await settled(engine);
  expect((await engine.stored('node')).map(({ at }) => at - START)).toEqual([-5000, -4300, -4000, -3300]);
});

it('an array of OwnTracks and an entry of ThingsBoard are taken for the user of the entry', async () => {
  const engine = await startWithNode();
  const tst = START / 1000 - 60;
  await engine.send(
    'node',
    [1, 2].map((index) => ({ _type: 'location', lat: 1, lon: 2, tst: tst + index })),
    {
      topic: 'owntracks/alice/phone',
    },
  );
  await engine.send(
    'node',
    { ts: START - 1000, values: { fuel: 0.5 } },
    { topic: 'v1/devices/me/telemetry' },
  );
  // More readings than numbers were set aside for: the rest is left out, and said.
  await engine.send('pump', [{ event: 'a' }, { event: 'b' }], { span: 1 });
  await settled(engine);
  expect((await engine.stored('node')).map(({ at }) => at)).toEqual([
    (tst + 1) * 1000,
    (tst + 2) * 1000,
    START - 1000,
  ]);
  expect((await engine.stored('pump')).map(({ event }) => event)).toEqual(['a']);
  const quarantine = await engine.db.selectFrom('quarantine').select(['device', 'code']).execute();
  expect(quarantine).toEqual([{ device: 'pump', code: 'bad_shape' }]);
});
