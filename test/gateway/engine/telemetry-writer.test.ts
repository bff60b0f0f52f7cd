import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTelemetryUpkeep } from '../../../gateway/engine/telemetry-upkeep.ts';
import { type RemovedDevice, removeDevice } from '../../../gateway/records/device-erasures.ts';
import type { TelemetryPoint, TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

/** Reached only where something hangs, however busy the machine is. */
const PATIENCE_MS = 30_000;

/** The real store behind a door that can be shut, and that notes what goes through. */
function door() {
  const passed: TelemetryPoint[] = [];
  const erased: string[][] = [];
  let isShut = false;
  let held: { readonly arrived: () => void; readonly letGo: Promise<void> } | null = null;
  return {
    passed,
    erased,
    shut: () => {
      isShut = true;
    },
    open: () => {
      isShut = false;
    },
    /** The next write is held on its way from when it has `arrived` until `letGo` is called. */
    hold() {
      const arrival = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      held = { arrived: arrival.resolve, letGo: release.promise };
      return { arrived: arrival.promise, letGo: release.resolve };
    },
    wrap: (store: TelemetryStore): TelemetryStore => ({
      ...store,
      async write(points, upToSeq) {
        if (isShut) return { kind: 'retry', afterMs: 5, message: 'the door is shut' };
        held?.arrived();
        await held?.letGo;
        const outcome = await store.write(points, upToSeq);
        if (outcome.kind === 'stored') passed.push(...points);
        return outcome;
      },
      probe: async () => (isShut ? { ok: false, message: 'the door is shut' } : store.probe()),
      async erase(keys) {
        erased.push([...keys]);
        return store.erase(keys);
      },
    }),
  };
}

async function worldWith(wrap: (store: TelemetryStore) => TelemetryStore): Promise<EngineUnderTest> {
  const world = await startEngine({ wrap });
  onTestFinished(async () => {
    await world.close();
    await world.remove();
  });
  await addPerson(world.db, 'ann', { van: 'car', bike: 'phone' });
  return world;
}

/** Removes a device, as far as everything but its telemetry goes: sessions and journal have no more of it. */
async function removed({ db, engine }: EngineUnderTest, id: string): Promise<RemovedDevice> {
  const device = await removeDevice(db, id, { at: START, actor: 'test' });
  await db
    .updateTable('device_erasures')
    .set({ up_to_seq: engine.seq, sessions_gone: 1, journal_gone: 1 })
    .where('device_id', '=', id)
    .execute();
  return device;
}

const until = (what: string, isSo: () => boolean) =>
  eventually(what, PATIENCE_MS, async () => (isSo() ? true : undefined));

describe('the telemetry writer', () => {
  it('catches up from the journal in order, while readings go on to come in', async () => {
    const gate = door();
    const world = await worldWith(gate.wrap);
    gate.shut();
    const old: Promise<void>[] = [];
    for (let n = 0; n < 5_000; n += 1) old.push(world.send('van', { at: START + n, metrics: { n } }));
    await Promise.all(old);
    await world.engine.drain();
    await until('the writer is in trouble', () => world.writer.trouble === 'the door is shut');
    gate.open();
    for (let n = 5_000; n < 5_200; n += 20) {
      const few = Array.from({ length: 20 }, (_, m) =>
        world.send('van', { at: START + n + m, metrics: { n: n + m } }),
      );
      await Promise.all(few);
      await world.engine.drain();
    }
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    expect(gate.passed.map(({ metrics }) => metrics?.n)).toEqual(Array.from({ length: 5_200 }, (_, n) => n));
    expect(world.writer.trouble).toBeNull();
  });

  it('does not take a batch without a point for word from the store', async () => {
    const gate = door();
    gate.shut();
    const world = await worldWith((store) => {
      const behindDoor = gate.wrap(store);
      // As InfluxDB has it: what is empty is sent to nobody.
      return {
        ...behindDoor,
        write: (points, upToSeq) => (points.length === 0 ? store : behindDoor).write(points, upToSeq),
      };
    });
    await until('the writer is in trouble', () => world.writer.trouble === 'the door is shut');
    await world.send('van', {});
    await world.engine.drain();
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    expect(world.writer.trouble).toBe('the door is shut');
    gate.open();
    await until('the store is found again', () => world.writer.trouble === null);
  });

  it('has the engine wait where what was handed over is large, be it few readings', async () => {
    const gate = door();
    const { writer } = await worldWith(gate.wrap);
    const { arrived, letGo } = gate.hold();
    const point = { deviceKey: 'key-van', at: START, receivedAt: START, flags: [] };
    writer.offer({ afterSeq: 0, upToSeq: 1, points: [{ ...point, seq: 1 }], bytes: 100 });
    await arrived;
    await writer.room();
    writer.offer({ afterSeq: 1, upToSeq: 2, points: [{ ...point, seq: 2 }], bytes: 30_000_000 });
    let hasRoom = false;
    const room = writer.room().then(() => {
      hasRoom = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasRoom).toBe(false);
    letGo();
    await room;
    await until('all is stored', () => writer.storedSeq === 2);
  });

  it('writes nothing more of a device that it is to leave out, and waits for what is on its way', async () => {
    const gate = door();
    const world = await worldWith(gate.wrap);
    const { arrived, letGo } = gate.hold();
    await world.send('van', { metrics: { n: 1 } });
    await world.engine.drain();
    await arrived;
    await world.send('van', { metrics: { n: 2 } });
    await world.send('bike', { metrics: { n: 3 } });
    await world.engine.drain();
    let isLeftOut = false;
    const leaving = world.writer.leaveOut('key-van').then((release) => {
      isLeftOut = true;
      return release;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isLeftOut).toBe(false);
    letGo();
    const release = await leaving;
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    expect(gate.passed.map(({ metrics }) => metrics?.n)).toEqual([1, 3]);
    release();
    await world.send('van', { metrics: { n: 4 } });
    await world.engine.drain();
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    expect(gate.passed.at(-1)?.metrics?.n).toBe(4);
  });
});

describe('the upkeep of telemetry', () => {
  it('erases together what was removed together, tries again, and tells who waits', async () => {
    const gate = door();
    let isAway = true;
    let store: TelemetryStore | null = null;
    const world = await worldWith((inner) => {
      const wrapped = gate.wrap(inner);
      store = {
        ...wrapped,
        async erase(keys) {
          if (isAway) throw new Error('away');
          return wrapped.erase(keys);
        },
      };
      return store;
    });
    if (store === null) throw new Error('there is no store');
    await world.send('van', { metrics: { n: 1 } });
    await world.send('bike', { metrics: { n: 2 } });
    await world.engine.drain();
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    const upkeep = createTelemetryUpkeep({
      db: world.db,
      store,
      writer: world.writer,
      clock: world.clock,
      realNow: () => START,
      engineSeq: () => world.engine.seq,
      positionDays: 0,
      log: pino({ level: 'silent' }),
    });
    upkeep.start();
    onTestFinished(() => upkeep.stop());
    for (const id of ['van', 'bike']) {
      expect(await removed(world, id)).toEqual({ id, key: `key-${id}`, consumerId: 'ann' });
    }
    await expect(removeDevice(world.db, 'van', { at: START, actor: 'test' })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await upkeep.erased('key-van', 300)).toBe(false);
    isAway = false;
    const erased = ['key-van', 'key-bike'].map((key) => upkeep.erased(key, PATIENCE_MS));
    expect(await Promise.all(erased)).toEqual([true, true]);
    expect(gate.erased.map((keys) => keys.toSorted())).toEqual([['key-bike', 'key-van']]);
    await eventually('nothing is left to do', PATIENCE_MS, async () => {
      const rows = await world.db.selectFrom('device_erasures').selectAll().execute();
      return rows.length === 0 ? true : undefined;
    });
  });

  it('stores nothing of a removed device that waited while the store was away, whatever else was removed with it', async () => {
    const gate = door();
    let store: TelemetryStore | null = null;
    const world = await worldWith((inner) => {
      store = gate.wrap(inner);
      return store;
    });
    if (store === null) throw new Error('there is no store');
    await world.send('van', { metrics: { n: 1 } });
    await world.engine.drain();
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    await removed(world, 'van');
    gate.shut();
    for (const n of [2, 3]) {
      await world.send('bike', { metrics: { n } });
      await world.engine.drain();
      await until('a write fails', () => world.writer.trouble !== null);
    }
    await removed(world, 'bike');
    const upkeep = createTelemetryUpkeep({
      db: world.db,
      store,
      writer: world.writer,
      clock: world.clock,
      realNow: () => START,
      engineSeq: () => world.engine.seq,
      positionDays: 0,
      log: pino({ level: 'silent' }),
    });
    upkeep.start();
    onTestFinished(() => upkeep.stop());
    await eventually('nothing is left to do for the van', PATIENCE_MS, async () => {
      const rows = await world.db.selectFrom('device_erasures').select('device_id').execute();
      return rows.length === 1 ? true : undefined;
    });
    gate.open();
    await until('all is stored', () => world.writer.storedSeq === world.engine.seq);
    expect(gate.passed.map(({ metrics }) => metrics?.n)).toEqual([1]);
  });
});
