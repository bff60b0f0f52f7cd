import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { addCodes } from '../../../gateway/records/code-pools.ts';
import { addPerson, START, startEngine } from '../../support/engine.ts';
import type { DyingEngineSettings } from './dying-engine.ts';

const PEOPLE = Array.from({ length: 4 }, (_, n) => `person-${n}`);
const CODES = Array.from({ length: 20 }, (_, n) => `code-${n}`);

/** Runs an engine in a process that kills itself. Returns whether it came to its end before. */
async function run(settings: DyingEngineSettings): Promise<boolean> {
  const file = new URL('./dying-engine.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = await once(child, 'exit');
  expect([0, null]).toContain(code);
  if (code === null) expect(signal).toBe('SIGKILL');
  return code === 0;
}

test('killed again and again at any statement, every person gets one code, and none goes to two', async () => {
  const first = await startEngine();
  try {
    for (const person of PEOPLE) await addPerson(first.db, person, { [`card-${person}`]: 'card' });
    await first.db
      .insertInto('code_pools')
      .values({ id: 'pool', document_json: '{"id":"pool","name":"Pool"}', updated_at: START })
      .execute();
    await addCodes(first.db, 'pool', CODES, { actor: 'test', at: START });
    const rule = {
      id: 'thanks',
      trigger: { event: 'purchase' },
      limits: { total: 1_000 },
      offer: { title: 'Yours: {{ code }}', body: 'Show it', expires: 'PT30M', code: 'pool' },
    };
    await first.db
      .insertInto('rules')
      .values({
        id: 'thanks',
        version: 1,
        state: 'live',
        document_json: JSON.stringify(rule),
        updated_at: START,
      })
      .execute();
    await first.close();

    const settings = { dir: first.dir, devices: PEOPLE.map((person) => `card-${person}`), at: START };
    let crashes = 0;
    // Some 15 statements read at the start, and about as many make up each commit: the steps fall on different ones of them.
    for (let dieAtStatement = 16; ; dieAtStatement += 11) {
      if (await run({ ...settings, dieAtStatement })) break;
      crashes += 1;
    }
    expect(crashes).toBeGreaterThan(2);

    const last = await startEngine({ dir: first.dir });
    const deliveries = await last.db.selectFrom('deliveries').select(['id', 'consumer', 'code']).execute();
    const given = await last.db
      .selectFrom('codes')
      .select(['code', 'delivery_id as id'])
      .where('delivery_id', 'is not', null)
      .execute();
    const pool = await last.db.selectFrom('code_pools').select(['codes', 'given']).executeTakeFirstOrThrow();
    const sent = await last.db.selectFrom('sends').select('sent').where('day', '=', '').execute();
    await last.close();

    expect(deliveries.map(({ consumer }) => consumer).sort()).toEqual(PEOPLE);
    const byCode = (a: { code: string | null }, b: { code: string | null }) =>
      (a.code ?? '') < (b.code ?? '') ? -1 : 1;
    expect(given.sort(byCode)).toEqual(deliveries.map(({ id, code }) => ({ code, id })).sort(byCode));
    expect(new Set(given.map(({ code }) => code))).toEqual(new Set(CODES.slice(0, PEOPLE.length)));
    expect(pool).toEqual({ codes: CODES.length, given: PEOPLE.length });
    expect(sent).toEqual([{ sent: PEOPLE.length }]);
  } finally {
    await first.remove();
  }
});
