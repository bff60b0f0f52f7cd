import { afterEach, beforeEach, expect, it } from 'vitest';
import { importPlaces } from '../../../gateway/records/places.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';

let engine: EngineUnderTest;
beforeEach(async () => {
  engine = await startEngine();
  await addPerson(engine.db, 'ann', { car: 'car' });
});
afterEach(async () => {
  await engine.close();
  await engine.remove();
});

const featureOf = (lat: number, lon: number, properties: object) => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [lon, lat] },
  properties: { radiusMetres: 50, ...properties },
});

async function savePlaces(...places: readonly (readonly [id: string, lat: number])[]) {
  const saved = places.map(([id, lat]) => ({ id, name: id, feature: featureOf(lat, 9, { name: id }) }));
  await importPlaces(engine.db, saved, { actor: 'test', at: START }, (changed) =>
    engine.changed({ kind: 'places', changed, removed: [] }),
  );
}

async function saveRule(id: string, version: number, document: object, state: 'live' | 'paused' = 'live') {
  const offer = { title: `${id} ${version}`, body: 'Hello', expires: 'PT30M' };
  const document_json = JSON.stringify({ id, trigger: { event: 'purchase' }, offer, ...document });
  const row = { version, state, document_json, updated_at: START };
  await engine.db
    .insertInto('rules')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
  await engine.changed({ kind: 'rules' });
}

/** Visits of a car that shows up there, a minute later each time. */
async function placesAt(lat: number): Promise<readonly string[]> {
  engine.clock.set(engine.clock.now() + 60_000);
  const device = `car-${engine.clock.now()}`;
  await addPerson(engine.db, device, { [device]: 'car' });
  await engine.send(device, { position: { lat, lon: 9, accuracy: 5 } });
  await engine.engine.drain();
  const rows = await engine.db.selectFrom('visits').select('place').where('device', '=', device).execute();
  return rows.map(({ place }) => place).sort();
}

/** What rules decide when a card is used, a minute later each time. */
async function purchase(): Promise<
  readonly (readonly [rule: string, version: number, reason: string | null])[]
> {
  engine.clock.set(engine.clock.now() + 60_000);
  const now = engine.clock.now();
  await engine.send('car', { event: 'purchase' });
  await engine.engine.drain();
  const rows = await engine.db.selectFrom('decisions').selectAll().where('at', '=', now).execute();
  return rows.map(({ rule, rule_version, reason }) => [rule, rule_version, reason] as const).sort();
}

it('places are put, moved and removed one by one, and the others stay', async () => {
  await savePlaces(['a', 1], ['b', 2], ['c', 1]);
  expect(await placesAt(1)).toEqual(['a', 'c']);
  await savePlaces(['a', 2], ['d', 3]);
  expect(await placesAt(1)).toEqual(['c']);
  expect(await placesAt(2)).toEqual(['a', 'b']);
  await engine.db.deleteFrom('places').where('id', 'in', ['b', 'd']).execute();
  // Also where it is told as changed, and was deleted since.
  await engine.changed({ kind: 'places', changed: ['d'], removed: ['b'] });
  expect([await placesAt(2), await placesAt(3)]).toEqual([['a'], []]);
  expect(await placesAt(1)).toEqual(['c']);
});

it('of a thousand places, each is in force once it was told', async () => {
  const many = Array.from({ length: 1_000 }, (_, n) => [`p-${n}`, 10 + n / 100] as const);
  await savePlaces(...many);
  expect(await placesAt(10)).toEqual(['p-0']);
  expect(await placesAt(10 + 999 / 100)).toEqual(['p-999']);
});

it('a rule that changed is taken in by its version and its state', async () => {
  await saveRule('one', 1, {});
  await saveRule('two', 1, {});
  const first = await purchase();
  expect(first.map(([rule]) => rule).sort()).toEqual(['one', 'two']);
  await saveRule('one', 2, {}, 'paused');
  expect(await purchase()).toContainEqual(['one', 2, 'rule_paused']);
  await engine.db.updateTable('rules').set({ state: 'ended' }).where('id', '=', 'one').execute();
  await engine.changed({ kind: 'rules' });
  expect((await purchase()).map(([rule]) => rule)).toEqual(['two']);
});

it('a zone, a segment and pacing are in force once they were told', async () => {
  await savePlaces(['a', 1]);
  const zone = featureOf(1, 9, { name: 'Clinic', category: 'health_care' });
  await engine.db
    .insertInto('sensitive_zones')
    .values({
      id: 'clinic',
      name: 'Clinic',
      category: 'health_care',
      feature_json: JSON.stringify(zone),
      updated_at: START,
    })
    .execute();
  await engine.changed({ kind: 'zones', changed: ['clinic'], removed: [] });
  expect(await placesAt(1)).toEqual([]);
  await engine.db.deleteFrom('sensitive_zones').execute();
  await engine.changed({ kind: 'zones', changed: [], removed: ['clinic'] });
  expect(await placesAt(1)).toEqual(['a']);

  await saveRule('for-gold', 1, { audience: { segment: 'gold' } });
  expect(await purchase()).toEqual([['for-gold', 1, 'not_in_audience']]);
  const segment = { id: 'gold', name: 'Gold', when: 'true' };
  await engine.db
    .insertInto('segments')
    .values({ id: 'gold', document_json: JSON.stringify(segment), updated_at: START })
    .execute();
  await engine.changed({ kind: 'segments' });
  expect(await purchase()).toEqual([['for-gold', 1, null]]);
  await engine.db
    .insertInto('settings')
    .values({ name: 'pacing', document_json: '{"perConsumer":{"count":1,"per":"P1D"}}', updated_at: START })
    .execute();
  await engine.changed({ kind: 'pacing' });
  // The cap counts from when it is set.
  expect(await purchase()).toEqual([['for-gold', 1, null]]);
  expect(await purchase()).toEqual([['for-gold', 1, 'global_cap']]);
});

it('of two rules for one moment, the one whose offers this person takes up wins, once that was told', async () => {
  await saveRule('a', 1, {});
  await saveRule('b', 1, {});
  expect(await purchase()).toEqual([
    ['a', 1, null],
    ['b', 1, 'outranked'],
  ]);
  const sent = await engine.db.selectFrom('deliveries').selectAll().executeTakeFirstOrThrow();
  for (let n = 0; n < 3; n += 1)
    await engine.db
      .insertInto('deliveries')
      .values({
        ...sent,
        id: `b-${n}`,
        delivery_key: `b-${n}`,
        rule: 'b',
        state: 'clicked',
        shown_at: START,
        clicked_at: START,
      })
      .execute();
  await engine.changed({ kind: 'consumers', ids: ['ann'] });
  expect(await purchase()).toEqual([
    ['a', 1, 'outranked'],
    ['b', 1, null],
  ]);
});
