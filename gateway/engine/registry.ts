import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DeviceType } from '../../rules/device-type.ts';
import type { Place } from '../../rules/place.ts';
import { parsePlace } from '../../rules/place.ts';
import { parseRule, type Rule } from '../../rules/rule.ts';
import { compileRulebook, type Rulebook } from '../../rules/rulebook.ts';
import type { ConsumerFacts, Purpose, QuietHours } from '../../rules/step.ts';
import type { RecordsChange } from '../http/dependencies.ts';
import { inChunks } from '../records/chunks.ts';
import { erasedUpTo } from '../records/device-erasures.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import type { Schema } from '../records/schema.ts';
import { type Subject, subjectOf } from './subjects.ts';

/** A registered device as the engine needs it. */
export interface KnownDevice {
  readonly id: string;
  /** Random key under which its telemetry is kept. */
  readonly key: string;
  readonly type: string;
  /** Journal entries of its id up to here are of a device that was removed before this one was registered. */
  readonly erasedUpTo: number;
  readonly consumerId: string | null;
  /** Under which its readings are judged. */
  readonly subject: Subject;
}

/**
 * What the engine knows of devices, people and rules: read from the records when first needed, and again when told that
 * it changed. Reading is split from asking, so that the work on a batch itself never waits.
 */
export interface Registry {
  start(): Promise<void>;
  /** Makes sure that these devices and their consumers are known, where they exist. */
  prepareDevices(ids: Iterable<string>): Promise<void>;
  prepareConsumers(ids: Iterable<string>): Promise<void>;
  device(id: string): KnownDevice | undefined;
  consumer(id: string): ConsumerFacts | undefined;
  readonly rulebook: Rulebook;
  /** How many live rules and places are in force, for the log and /metrics. */
  readonly size: { readonly rules: number; readonly places: number };
  apply(change: RecordsChange): Promise<void>;
}

export function createRegistry(db: Kysely<Schema>, log: Logger): Registry {
  const devices = new Map<string, KnownDevice>();
  const consumers = new Map<string, ConsumerFacts>();
  let deviceTypes: readonly DeviceType[] = [];
  let places: readonly Place[] = [];
  let rules: readonly { rule: Rule; version: number; state: 'draft' | 'live' | 'paused' | 'ended' }[] = [];
  let rulebook: Rulebook | null = null;

  const compile = () => {
    rulebook = compileRulebook({ places, rules, deviceTypes });
  };

  async function loadPlaces(): Promise<void> {
    const rows = await db.selectFrom('places').select(['id', 'feature_json']).execute();
    places = rows.flatMap((row) => {
      const parsed = parsePlace(row.id, JSON.parse(row.feature_json));
      if (parsed.ok) return [parsed.value];
      log.error(
        { place: row.id, problems: parsed.problems },
        'a saved place is not understood; it is left out',
      );
      return [];
    });
  }

  async function loadRules(): Promise<void> {
    const rows = await db.selectFrom('rules').selectAll().where('state', 'in', ['live', 'paused']).execute();
    rules = rows.flatMap(({ id, version, state, document_json }) => {
      const parsed = parseRule(JSON.parse(document_json), { deviceTypes });
      if (parsed.ok) return [{ rule: parsed.value, version, state }];
      log.error(
        { rule: id, version, problems: parsed.problems },
        'a saved rule is not understood; it is left out',
      );
      return [];
    });
  }

  async function loadConsumers(ids: readonly string[]): Promise<void> {
    for (const chunk of inChunks(ids)) {
      const rows = await db.selectFrom('consumers').selectAll().where('id', 'in', chunk).execute();
      const consents = await db
        .selectFrom('consents')
        .select(['consumer_id', 'purpose'])
        .where('consumer_id', 'in', chunk)
        .where('granted', '=', 1)
        .execute();
      const reachable = await db
        .selectFrom('push_subscriptions')
        .select('consumer_id')
        .distinct()
        .where('consumer_id', 'in', chunk)
        .where('gone_at', 'is', null)
        .execute();
      const granted = Map.groupBy(consents, (row) => row.consumer_id);
      const withChannel = new Set(reachable.map((row) => row.consumer_id));
      for (const row of rows) {
        consumers.set(row.id, {
          id: row.id,
          timezone: row.timezone,
          quietHours: JSON.parse(row.quiet_hours_json) as QuietHours | null,
          granted: (granted.get(row.id) ?? []).map((consent): Purpose => consent.purpose),
          attributes: JSON.parse(row.attributes_json) as Record<string, unknown>,
          reachable: withChannel.has(row.id),
        });
      }
    }
  }

  async function loadDevices(ids: readonly string[]): Promise<void> {
    for (const chunk of inChunks(ids)) {
      const rows = await db
        .selectFrom('devices')
        .select(['id', 'device_key', 'type', 'consumer_id'])
        .where('id', 'in', chunk)
        .execute();
      const erased = await erasedUpTo(db, chunk);
      for (const row of rows) {
        devices.set(row.id, {
          erasedUpTo: erased.get(row.id) ?? 0,
          id: row.id,
          key: row.device_key,
          type: row.type,
          consumerId: row.consumer_id,
          subject: subjectOf(row.id, row.consumer_id),
        });
      }
    }
  }

  const missing = (ids: Iterable<string>, known: ReadonlyMap<string, unknown>) =>
    [...new Set(ids)].filter((id) => !known.has(id));

  const registry: Registry = {
    async start() {
      deviceTypes = await listDeviceTypes(db);
      await loadPlaces();
      await loadRules();
      compile();
    },
    async prepareDevices(ids) {
      const unknown = missing(ids, devices);
      if (unknown.length > 0) await loadDevices(unknown);
      const owners = new Set<string>();
      for (const id of ids) {
        const owner = devices.get(id)?.consumerId;
        if (owner != null) owners.add(owner);
      }
      await registry.prepareConsumers(owners);
    },
    async prepareConsumers(ids) {
      const unknown = missing(ids, consumers);
      if (unknown.length > 0) await loadConsumers(unknown);
    },
    device: (id) => devices.get(id),
    consumer: (id) => consumers.get(id),
    get rulebook() {
      if (rulebook === null) throw new Error('the registry was not started');
      return rulebook;
    },
    get size() {
      return { rules: rules.length, places: places.length };
    },
    async apply(change) {
      switch (change.kind) {
        case 'devices':
          for (const id of change.ids) devices.delete(id);
          return;
        case 'consumers':
          for (const id of change.ids) consumers.delete(id);
          return;
        case 'places':
          await loadPlaces();
          return compile();
        case 'rules':
        case 'segments':
        case 'traits':
        case 'campaigns':
        case 'pacing':
        case 'zones':
        case 'code-pools':
          await loadRules();
          return compile();
        case 'device-types':
          deviceTypes = await listDeviceTypes(db);
          await loadRules();
          return compile();
      }
    },
  };
  return registry;
}
