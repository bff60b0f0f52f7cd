import type { Kysely } from 'kysely';
import { createRandom } from '../../devices-sim/city/model/random.ts';
import { inChunks } from '../../gateway/records/chunks.ts';
import { ensureDeviceTypes } from '../../gateway/records/device-types.ts';
import { migrate } from '../../gateway/records/migrate.ts';
import type { Schema } from '../../gateway/records/schema.ts';
import { subscriptionRow } from '../support/push-subscription.ts';
import { CITY_METRES, DEVICES, deviceKey, positionAt } from './backtest-city.ts';

const TAGS = ['coffee', 'fuel', 'bakery', 'pharmacy', 'parking', 'market', 'gym', 'cinema', 'books', 'bank'];

/** People with a car each who agreed to everything, and 20 live rules. */
export async function furnishRecords(db: Kysely<Schema>): Promise<void> {
  await migrate(db);
  await ensureDeviceTypes(db);
  const indices = Array.from({ length: DEVICES }, (_, index) => index);
  for (const chunk of inChunks(indices)) {
    const ids = chunk.map((index) => ({ index, consumer: `person-${index}` }));
    await db
      .insertInto('consumers')
      .values(
        ids.map(({ consumer }) => ({
          id: consumer,
          attributes_json: '{}',
          timezone: 'Europe/Rome',
          quiet_hours_json: '{"from":"22:00","to":"06:00"}',
          created_at: 0,
        })),
      )
      .execute();
    await db
      .insertInto('consent_log')
      .values(
        ids.flatMap(({ consumer }) =>
          (['location_offers', 'device_offers'] as const).map((purpose) => ({
            consumer_id: consumer,
            purpose,
            granted: 1 as const,
            source: 'bench',
            at: 0,
          })),
        ),
      )
      .execute();
    await db
      .insertInto('push_subscriptions')
      .values(ids.map(({ consumer }) => subscriptionRow(consumer, 0)))
      .execute();
    await db
      .insertInto('devices')
      .values(
        ids.map(({ index, consumer }) => ({
          id: `car-${index}`,
          device_key: deviceKey(index),
          type: 'car',
          consumer_id: consumer,
          token_hash: '',
          token_lookup: `car-${index}`,
          created_at: 0,
        })),
      )
      .execute();
  }
  for (const rule of rules()) {
    await db
      .insertInto('rules')
      .values({ id: rule.id, version: 1, state: 'live', document_json: JSON.stringify(rule), updated_at: 0 })
      .execute();
  }
}

interface RuleDocument {
  readonly id: string;
  readonly [field: string]: unknown;
}

function rules(): readonly RuleDocument[] {
  const offer = { title: 'Near {{ place.name }}', body: 'Today only', expires: 'PT30M' };
  const limits = { cooldown: 'PT4H', perConsumer: { count: 2, per: 'P1D' } };
  const at = (tag: string, on: object) => ({ place: { tag }, ...on });
  const triggers = [
    ...TAGS.slice(0, 7).map((tag) => at(tag, { on: 'enter' })),
    ...TAGS.slice(0, 3).map((tag) => at(tag, { on: 'exit' })),
    ...TAGS.slice(3, 6).map((tag) => at(tag, { on: 'dwell', for: 'PT10M' })),
    at('fuel', { on: 'approach', within: 'PT2M' }),
    at('cinema', { on: 'enter' }),
    at('market', { on: 'pass' }),
  ];
  return [
    ...triggers.map((trigger, index) => ({
      id: `place-${index}`,
      name: `Rule ${index}`,
      trigger,
      limits,
      offer,
    })),
    {
      id: 'low-fuel',
      trigger: at('fuel', { on: 'enter' }),
      when: 'metrics.fuel < 0.15 && device.type == "car"',
      limits,
      offer,
    },
    {
      id: 'fuel-falls',
      trigger: { metric: { name: 'fuel', below: 0.1 } },
      limits,
      offer: { title: 'Low', body: 'Fuel', expires: 'PT30M' },
    },
    {
      id: 'held-out',
      trigger: at('gym', { on: 'enter' }),
      experiment: { holdout: 0.1 },
      limits: { ...limits, total: 5_000 },
      offer,
    },
    {
      id: 'bought',
      trigger: { event: 'purchase' },
      limits,
      offer: { title: 'Thanks', body: 'Again soon', expires: 'PT30M' },
    },
  ];
}

type PlaceKind = 'circles' | 'neighbourhoods';

/** Puts either 1,000 circles of 30 to 150 m, or 324 areas of 16 corners each that cover the city. */
export async function putPlaces(db: Kysely<Schema>, kind: PlaceKind): Promise<number> {
  await db.deleteFrom('places').execute();
  const features = kind === 'circles' ? circles() : neighbourhoods();
  const rows = features.map((feature, index) => ({
    id: `place-${index}`,
    name: `Place ${index}`,
    feature_json: JSON.stringify({
      type: 'Feature',
      geometry: feature.geometry,
      properties: { name: `Place ${index}`, tags: [TAGS[index % TAGS.length]], ...feature.properties },
    }),
    updated_at: 0,
  }));
  for (const chunk of inChunks(rows)) await db.insertInto('places').values(chunk).execute();
  return rows.length;
}

function circles() {
  const random = createRandom(11);
  const spread = () => random.between(-CITY_METRES, CITY_METRES);
  return Array.from({ length: 1_000 }, () => {
    const { lat, lon } = positionAt(spread(), spread());
    return {
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { radiusMetres: Math.round(random.between(30, 150)) },
    };
  });
}

const AREAS_A_SIDE = 18;
const CORNERS = 16;

function neighbourhoods() {
  const side = (2 * CITY_METRES) / AREAS_A_SIDE;
  return Array.from({ length: AREAS_A_SIDE ** 2 }, (_, index) => {
    const east = ((index % AREAS_A_SIDE) + 0.5) * side - CITY_METRES;
    const north = (Math.floor(index / AREAS_A_SIDE) + 0.5) * side - CITY_METRES;
    const ring = Array.from({ length: CORNERS }, (_, corner) => {
      const angle = (corner / CORNERS) * 2 * Math.PI;
      const radius = side * (0.42 + 0.06 * Math.sin(5 * angle + index));
      const { lat, lon } = positionAt(east + Math.cos(angle) * radius, north + Math.sin(angle) * radius);
      return [lon, lat];
    });
    return { geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] }, properties: {} };
  });
}
