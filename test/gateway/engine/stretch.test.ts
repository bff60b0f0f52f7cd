import { gzipSync } from 'node:zlib';
import type { KyselyPlugin } from 'kysely';
import { get } from 'sparkplug-payload';
import { expect, it, onTestFinished } from 'vitest';
import { addAlias } from '../../../gateway/records/device-aliases.ts';
import type { TelemetryPoint, TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

const MIB = 1024 * 1024;
const tahu = get('spBv1.0') as { encodePayload(payload: object): Uint8Array };

/** A reading of about 260 kB. */
const large = (n: number) =>
  JSON.stringify({
    metrics: Object.fromEntries(Array.from({ length: 1_000 }, (_, k) => [`m${k}`, `${n} `.padEnd(250, 'x')])),
  });

const sendPlain = (world: EngineUnderTest, n: number) => world.send('car', large(n));
const sendPacked = (world: EngineUnderTest, n: number) =>
  world.send('car', '', { payload: gzipSync(large(n)), span: 1000 });
/** Of a few kB, which mean 45 kB with the names that were told before. */
const sendByNumbers = (world: EngineUnderTest, n: number) => {
  const metrics = Array.from({ length: 330 }, (_, k) => ({
    alias: k + 1,
    type: 'Int32',
    value: n,
    ...(n === 0 && { name: `${k} `.padEnd(127, 'y') }),
  }));
  return world.send('car', '', {
    topic: `spBv1.0/plant/${n === 0 ? 'NBIRTH' : 'NDATA'}/node`,
    payload: tahu.encodePayload({ timestamp: START - 1_000 + n, seq: n % 256, metrics }),
    span: 1000,
  });
};

it.each([
  ['as it is', sendPlain, 100],
  ['packed', sendPacked, 100],
  ['by numbers for names', sendByNumbers, 600],
])(
  'holds some MiB at a time of a journal that is read again, where what is in it came %s',
  async (_, send, count) => {
    const away = (store: TelemetryStore): TelemetryStore => ({
      ...store,
      write: async () => ({ kind: 'retry', afterMs: 5, message: 'away' }),
    });
    const before = await startEngine({ wrap: away });
    await addPerson(before.db, 'ann', { car: 'car' });
    await addAlias(before.db, 'car', 'spBv1.0/plant/node', { actor: 'test', at: START });
    await before.changed({ kind: 'devices', ids: ['car'] });
    for (let n = 0; n < count; n += 1) await send(before, n);
    await before.engine.drain();
    expect(before.engine.counts).toMatchObject({ readings: count, quarantined: 0 });
    await before.close();

    let mostVerdicts = 0;
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        const bytes = result.rows.reduce((sum, row) => sum + String(row.verdict_json ?? '').length, 0);
        mostVerdicts = Math.max(mostVerdicts, bytes);
        return result;
      },
    };
    const writes: (readonly TelemetryPoint[])[] = [];
    const world = await startEngine({
      dir: before.dir,
      plugin,
      wrap: (store) => ({
        ...store,
        async write(points) {
          writes.push(points);
          return { kind: 'stored', rejected: [] };
        },
      }),
    });
    onTestFinished(async () => {
      await world.close();
      await world.remove();
    });
    await eventually('all is stored', 30_000, async () =>
      world.writer.storedSeq === world.engine.seq ? true : undefined,
    );
    const points = writes.flat();
    expect(new Set(points.map(({ seq }) => seq)).size).toBe(count);
    expect(points).toHaveLength(count);
    const bytes = writes.map((part) => JSON.stringify(part).length);
    // All of it is 24 MB or more, which went in one.
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(20 * MIB);
    expect(Math.max(...bytes)).toBeLessThan(9 * MIB);
    expect(mostVerdicts).toBeLessThan(9 * MIB);
  },
);
