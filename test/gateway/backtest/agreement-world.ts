import type { Kysely } from 'kysely';
import type { Schema } from '../../../gateway/records/schema.ts';
import { addPerson, START } from '../../support/engine.ts';

const CENTRE = { lat: 53.07, lon: 8.8 };
const METRES_A_DEGREE = 111_195;
const EAST = METRES_A_DEGREE * Math.cos((CENTRE.lat * Math.PI) / 180);

export function positionAt(east: number, north: number) {
  return { lat: CENTRE.lat + north / METRES_A_DEGREE, lon: CENTRE.lon + east / EAST };
}

/** Consumers with their devices. */
export const PEOPLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ada: { 'car-ada': 'car', 'phone-ada': 'phone' },
  ben: { 'phone-ben': 'phone' },
  cy: { 'car-cy': 'car', 'phone-cy': 'phone', 'fridge-cy': 'fridge' },
  dee: { 'phone-dee': 'phone' },
  eve: { 'car-eve': 'car' },
  flo: { 'phone-flo': 'phone', 'wearable-flo': 'wearable' },
};

const PLACES = [
  { id: 'cafe', east: 0, north: 0, radiusMetres: 80, tags: ['coffee', 'food'] },
  { id: 'mall', east: 150, north: 60, radiusMetres: 300, tags: ['shops', 'food'] },
  { id: 'pump', east: 900, north: 0, radiusMetres: 60, tags: ['fuel'] },
  { id: 'kiosk', east: 450, north: 0, radiusMetres: 15, tags: ['kiosk'] },
  { id: 'park', east: -700, north: 200, radiusMetres: 250, tags: ['green'] },
];

const offer = { title: 'Hello', body: '{{ device.id }}', expires: 'PT30M' };

/** Of every trigger and limit something. */
export const RULES = [
  { id: 'hello', trigger: { place: { tag: 'coffee' }, on: 'enter' }, offer },
  {
    id: 'food',
    trigger: { place: { tag: 'food' }, on: 'enter' },
    limits: { cooldown: 'PT20M', perConsumer: { count: 3, per: 'PT2H' } },
    weight: 2,
    offer,
  },
  { id: 'bye', trigger: { place: { tag: 'shops' }, on: 'exit' }, limits: { total: 4 }, offer },
  { id: 'stay', trigger: { place: { tag: 'shops' }, on: 'dwell', for: 'PT7M' }, campaign: 'spring', offer },
  { id: 'ahead', trigger: { place: { tag: 'fuel' }, on: 'approach', within: 'PT3M' }, offer },
  { id: 'passed', trigger: { place: { tag: 'kiosk' }, on: 'pass' }, limits: { quietHours: 'ignore' }, offer },
  {
    id: 'tank',
    trigger: { metric: { name: 'fuel', below: 0.3, for: 'PT2M' } },
    when: 'device.type == "car"',
    campaign: 'spring',
    offer,
  },
  { id: 'empty', trigger: { metric: { name: 'fuel', below: 0.1 } }, offer: { ...offer, code: 'pool' } },
  {
    id: 'bought',
    trigger: { event: 'purchase' },
    when: 'device.type == "car" || metrics.steps > 10',
    offer,
  },
  {
    id: 'trial',
    trigger: { place: { tag: 'green' }, on: 'enter' },
    audience: { segment: 'gold' },
    experiment: {
      holdout: 0.3,
      variants: [
        { name: 'a', weight: 1, offer },
        { name: 'b', weight: 2, offer },
      ],
    },
  },
];

export async function furnish(db: Kysely<Schema>): Promise<void> {
  for (const [consumer, devices] of Object.entries(PEOPLE)) {
    await addPerson(db, consumer, devices);
    await db.deleteFrom('consent_log').where('consumer_id', '=', consumer).execute();
    const purposes = ['location_offers', 'device_offers', 'health_offers'] as const;
    const row = { consumer_id: consumer, granted: 1, source: 'test', at: START } as const;
    await db
      .insertInto('consent_log')
      .values(purposes.map((purpose) => ({ ...row, purpose })))
      .execute();
  }
  await db
    .updateTable('consumers')
    .set({ attributes_json: '{"tier":"gold"}' })
    .where('id', 'in', ['ada', 'cy', 'eve', 'flo'])
    .execute();
  await db
    .updateTable('consumers')
    .set({ quiet_hours_json: '{"from":"13:00","to":"14:00"}', timezone: 'UTC' })
    .where('id', '=', 'dee')
    .execute();
  for (const { id, east, north, radiusMetres, tags } of PLACES) {
    const { lat, lon } = positionAt(east, north);
    const feature = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { name: id, radiusMetres, tags },
    };
    await db
      .insertInto('places')
      .values({ id, name: id, feature_json: JSON.stringify(feature), updated_at: START })
      .execute();
  }
  for (const rule of RULES) {
    await db
      .insertInto('rules')
      .values({
        id: rule.id,
        version: 3,
        state: 'live',
        document_json: JSON.stringify(rule),
        updated_at: START,
      })
      .execute();
  }
  const saved = (document: object) => ({ document_json: JSON.stringify(document), updated_at: START });
  await db
    .insertInto('segments')
    .values({
      id: 'gold',
      ...saved({ id: 'gold', name: 'Gold', when: 'consumer.attributes.tier == "gold"' }),
    })
    .execute();
  await db
    .insertInto('campaigns')
    .values({
      id: 'spring',
      ...saved({ id: 'spring', name: 'Spring', budget: { total: 9, perDay: 6 }, timezone: 'Europe/Rome' }),
    })
    .execute();
  await db
    .insertInto('settings')
    .values({ name: 'pacing', ...saved({ perConsumer: { count: 6, per: 'PT1H' } }) })
    .execute();
  await db
    .insertInto('code_pools')
    .values({ id: 'pool', ...saved({ id: 'pool', name: 'Pool' }), codes: 3 })
    .execute();
  await db
    .insertInto('codes')
    .values(['x1', 'x2', 'x3'].map((code) => ({ pool: 'pool', code })))
    .execute();
}
