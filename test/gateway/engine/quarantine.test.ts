import fc from 'fast-check';
import type { KyselyPlugin } from 'kysely';
import { get } from 'sparkplug-payload';
import { afterEach, describe, expect, it } from 'vitest';
import type { QuarantineNote } from '../../../gateway/engine/outcome.ts';
import { quarantine } from '../../../gateway/engine/quarantine.ts';
import { type QuarantineRow, quarantineRows } from '../../../gateway/engine/quarantine-rows.ts';
import { retryEntry } from '../../../gateway/engine/retry-entry.ts';
import { addAlias } from '../../../gateway/records/device-aliases.ts';
import { getRetryable } from '../../../gateway/records/quarantine.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

const tahu = get('spBv1.0') as { encodePayload(payload: object): Uint8Array };

const running: EngineUnderTest[] = [];
afterEach(async () => {
  for (const engine of running.splice(0)) {
    await engine.close();
    await engine.remove();
  }
});

/** An engine, and how many rows of quarantine each of its commits wrote. */
async function start(): Promise<{ engine: EngineUnderTest; written: number[] }> {
  const written: number[] = [];
  let now = 0;
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      if (node.kind === 'RawNode' && node.sqlFragments[0]?.startsWith('insert into quarantine')) now += 1;
      if (node.kind === 'InsertQueryNode' && node.into?.table.identifier.name === 'cursors') {
        if (now > 0) written.push(now);
        now = 0;
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const engine = await startEngine({ plugin, realNow: () => performance.now() });
  running.push(engine);
  return { engine, written };
}

/** A type whose 25 metrics are 1 at most. */
const RANGED = {
  id: 'ranged',
  document_json: JSON.stringify({
    id: 'ranged',
    name: 'Ranged',
    mobile: false,
    metrics: Object.fromEntries(
      Array.from({ length: 25 }, (_, k) => [
        `m${k}`,
        { unit: '', kind: 'number', max: 1, sensitivity: 'none' },
      ]),
    ),
    unknownMetrics: 'keep',
  }),
};

const kept = (engine: EngineUnderTest) =>
  engine.db.selectFrom('quarantine').selectAll().orderBy('last_seen_at').orderBy('id').execute();

describe('a flood of bad messages', () => {
  it('of one device writes no more rows than would stay, counts all, and keeps the newest', async () => {
    const { engine, written } = await start();
    await addPerson(engine.db, 'ann', { car1: 'car' });
    const bad = (n: number) =>
      JSON.stringify({
        metrics: Object.fromEntries(Array.from({ length: 25 }, (_, k) => [`m${k} ${n}`, null])),
      });
    await Promise.all(
      Array.from({ length: 2_000 }, (_, n) => engine.send('car1', bad(n), { receivedAt: START + n })),
    );
    await engine.engine.drain();
    expect(engine.engine.counts.quarantined).toBe(2_000 * 25);
    // Of each commit; 42,000 in one before.
    expect(Math.max(...written)).toBeLessThanOrEqual(500);
    const rows = await kept(engine);
    expect(rows).toHaveLength(500);
    // The latest 24 messages have 21 rows each.
    expect(rows[0]?.last_seen_at).toBeGreaterThanOrEqual(START + 2_000 - 24);
    const [day] = await engine.db
      .selectFrom('quality_counts')
      .select('count')
      .where('kind', '=', 'refused')
      .execute();
    expect(day?.count).toBe(2_000 * 25);
  });

  it('of many devices holds the records for no more than a part of them at a time', async () => {
    const { engine, written } = await start();
    const devices = Object.fromEntries(Array.from({ length: 2_500 }, (_, n) => [`car${n}`, 'car']));
    await addPerson(engine.db, 'ann', devices);
    await Promise.all(Object.keys(devices).map((id) => engine.send(id, `{"of ${id}`)));
    await engine.engine.drain();
    expect(written.reduce((sum, rows) => sum + rows, 0)).toBe(2_500);
    expect(Math.max(...written)).toBeLessThanOrEqual(1_000);
    expect(await kept(engine)).toHaveLength(2_500);
  });

  it.each([
    // Refused by the codec, and by the range of the device type (1 at most).
    ['metrics that are none', null],
    ['metrics out of their range', 2],
  ])('of many devices with %s does so too, however many each has', async (_, value) => {
    const { engine, written } = await start();
    await engine.db.insertInto('device_types').values(RANGED).execute();
    await engine.changed({ kind: 'device-types' });
    const devices = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`car${n}`, 'ranged']));
    await addPerson(engine.db, 'ann', devices);
    const metrics = Object.fromEntries(Array.from({ length: 25 }, (_, k) => [`m${k}`, value]));
    const sent = Object.keys(devices).flatMap((id) => [
      engine.send(id, { metrics }),
      engine.send(`no-${id}`, { metrics }),
    ]);
    await Promise.all(sent);
    await engine.engine.drain();
    // Of one commit; 10,500 of the first 500 messages before.
    expect(Math.max(...written)).toBeLessThanOrEqual(1_000 + 20);
    expect(written.reduce((sum, rows) => sum + rows, 0)).toBe(600 * 21);
    expect(engine.engine.counts).toMatchObject({
      readings: value === null ? 0 : 600,
      quarantined: 600 * 25,
      unknownDevice: 600,
    });
  });

  it('takes what other devices sent amid it once, in order, also where that builds on what was sent before', async () => {
    const { engine, written } = await start();
    await engine.db.insertInto('device_types').values(RANGED).execute();
    await engine.changed({ kind: 'device-types' });
    const devices = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`car${n}`, 'ranged']));
    await addPerson(engine.db, 'ann', { ...devices, node: 'car', plain: 'car' });
    await addAlias(engine.db, 'node', 'spBv1.0/plant/node', { actor: 'test', at: START });
    await engine.changed({ kind: 'devices', ids: ['node'] });
    const sparkplug = (n: number, metric: object) =>
      engine.send('node', '', {
        topic: `spBv1.0/plant/${n === 0 ? 'NBIRTH' : 'NDATA'}/node`,
        payload: tahu.encodePayload({ timestamp: START + n, seq: n, metrics: [metric] }),
        span: 1000,
      });
    const metrics = Object.fromEntries(Array.from({ length: 25 }, (_, k) => [`m${k}`, 2]));
    const sent = [sparkplug(0, { name: 'rpm', alias: 1, type: 'Int32', value: 0 })];
    for (const [n, id] of Object.keys(devices).entries()) {
      sent.push(engine.send(id, { metrics }));
      sent.push(engine.send('plain', { at: START + n, metrics: { n } }));
      sent.push(sparkplug(n + 1, { alias: 1, type: 'Int32', value: n + 1 }));
    }
    await Promise.all(sent);
    await engine.engine.drain();
    expect(written.length).toBeGreaterThan(1);
    await eventually('telemetry has everything', 30_000, async () =>
      engine.writer.storedSeq === engine.engine.seq ? true : undefined,
    );
    const values = async (id: string) =>
      (await engine.stored(id)).map(({ metrics }) => metrics?.n ?? metrics?.rpm);
    expect(await values('plain')).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(await values('node')).toEqual(Array.from({ length: 201 }, (_, n) => n));
    // What is decoded again is so from what stood before: it is no gap, after which a rebirth would be asked for.
    const [state] = await engine.db.selectFrom('dialect_states').select('progress_json').execute();
    expect(JSON.parse(state?.progress_json ?? '')).toEqual({ seq: 200, online: true, askedAt: 0 });
    expect(engine.engine.counts).toMatchObject({ readings: 200 + 200 + 201, duplicates: 0 });
  });

  it('taken again by hand writes no more rows of a message than one that comes', async () => {
    const { engine } = await start();
    await addPerson(engine.db, 'ann', { car1: 'ranged' });
    const metrics = Object.fromEntries(Array.from({ length: 25 }, (_, k) => [`m${k}`, 2]));
    await engine.send('car1', { metrics });
    await engine.engine.drain();
    const [unknown] = await kept(engine);
    expect(unknown?.code).toBe('unknown_type');
    await engine.db.insertInto('device_types').values(RANGED).execute();
    await engine.changed({ kind: 'device-types' });
    await engine.journal.append(retryEntry(await getRetryable(engine.db, unknown?.id ?? ''), START));
    await engine.engine.drain();
    const rows = await kept(engine);
    expect(rows).toHaveLength(1 + 20 + 1);
    expect(rows.filter(({ message }) => message === 'and 4 more problems of this message')).toHaveLength(1);
  });

  it('leaves what it would leave if each complaint were written by itself', async () => {
    const { engine } = await start();
    const note = fc.record({
      device: fc.constantFrom('car1', 'car2'),
      topic: fc.constantFrom('t1', 't2'),
      code: fc.constantFrom('bad_json' as const, 'bad_metric' as const),
      message: fc.constantFrom('one', 'two'),
      payload: fc.nat({ max: 400 }).map((n) => new TextEncoder().encode(`payload ${n}`)),
      times: fc.integer({ min: 1, max: 3 }),
      part: fc.constantFrom(null, { index: 0 }, { index: 3 }),
    });
    const content = async () =>
      (await kept(engine)).map(({ id: _, payload, ...row }) => ({
        ...row,
        payload: Buffer.from(payload).toString(),
      }));
    for (const seed of [1, 2, 3]) {
      // No two at one time: which of them would go first is left to chance.
      const notes: QuarantineNote[] = fc.sample(note, { seed, numRuns: 2_400 }).map((one, at) => ({
        ...one,
        at,
        payloadBytes: one.payload.length,
        readingsTaken: 0,
      }));
      let ids = 0;
      const write = async (rowsOf: (part: readonly QuarantineNote[]) => readonly QuarantineRow[]) => {
        await engine.db.deleteFrom('quarantine').execute();
        for (const part of [notes.slice(0, 300), notes.slice(300)])
          await engine.db
            .transaction()
            .execute((transaction) => quarantine(transaction, rowsOf(part), () => `id-${++ids}`));
        return content();
      };
      const apart = await write((part) => part.flatMap((one) => quarantineRows([one])));
      const together = await write(quarantineRows);
      expect(together).toHaveLength(2 * 500);
      expect(together).toEqual(apart);
    }
  });
});
