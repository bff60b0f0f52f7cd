import { gzipSync } from 'node:zlib';
import { type KyselyPlugin, ValuesNode } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { addPerson, START, startEngine } from '../../support/engine.ts';
import { eventually } from '../../support/gateway.ts';

it('writes no more than some verdicts together, also where all that comes is late', async () => {
  const written: number[] = [];
  let now = 0;
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      if (node.kind !== 'InsertQueryNode') return node;
      const { values } = node;
      if (node.into?.table.identifier.name === 'reading_verdicts' && values && ValuesNode.is(values))
        now += values.values.length;
      if (node.into?.table.identifier.name === 'cursors') {
        if (now > 0) written.push(now);
        now = 0;
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const world = await startEngine({ plugin });
  onTestFinished(async () => {
    await world.close();
    await world.remove();
  });
  await addPerson(world.db, 'ann', { car: 'car' });
  for (let message = 0; message < 60; message += 1) {
    const at = START - 3_600_000 + message * 1_000;
    await world.send(
      'car',
      Array.from({ length: 1_000 }, (_, n) => ({ at: at + n, event: 'ping' })),
    );
  }
  await world.engine.drain();
  expect(world.engine.counts).toMatchObject({ readings: 60_000, late: 60_000, duplicates: 0 });
  expect(written.reduce((sum, verdicts) => sum + verdicts, 0)).toBe(60_000);
  // A stretch more than 20,000; all of them went together.
  expect(Math.max(...written)).toBeLessThanOrEqual(20_000 + 5_000 + 999);
});

it('holds some MiB of readings at a time, also where these come packed into few bytes', async () => {
  let commits = 0;
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      if (node.kind === 'InsertQueryNode' && node.into?.table.identifier.name === 'cursors') commits += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const offered: number[] = [];
  const world = await startEngine({
    plugin,
    wrap: (store) => ({
      ...store,
      async write(points) {
        offered.push(points.length);
        return { kind: 'stored', rejected: [] };
      },
    }),
  });
  onTestFinished(async () => {
    await world.close();
    await world.remove();
  });
  await addPerson(world.db, 'ann', { car: 'car' });
  const COUNT = 200;
  for (let n = 0; n < COUNT; n += 1) {
    const metrics = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, k) => [`m${k}`, `${n} `.padEnd(250, 'x')]),
    );
    // 260 kB, in 2.
    await world.send('car', '', { payload: gzipSync(JSON.stringify({ metrics })), span: 1000 });
  }
  await world.engine.drain();
  expect(world.engine.counts).toMatchObject({ readings: COUNT, quarantined: 0 });
  // At least 52 MB, of which a batch takes 12 MiB and what the last stretch has beyond it; it was one commit.
  expect(commits).toBeGreaterThanOrEqual(4);
  await eventually('all is stored', 30_000, async () =>
    world.writer.storedSeq === world.engine.seq ? true : undefined,
  );
  expect(offered.reduce((sum, points) => sum + points, 0)).toBe(COUNT);
});
