import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Campaign } from '../../rules/document/campaign.ts';
import { compileSegments, type SegmentSet } from '../../rules/document/segment.ts';
import type { Pacing } from '../../rules/pacing/pacing.ts';
import { type PlaceSet, placeSetOf } from '../../rules/places/place-set.ts';
import { type SensitiveZone, type ZoneSet, zoneSetOf } from '../../rules/places/sensitive-zone.ts';
import type { DeviceType } from '../../rules/readings/device-type.ts';
import { compileRules, type RuleSet, type SavedRule } from '../../rules/rule-set.ts';
import { composeRulebook, type Rulebook } from '../../rules/rulebook.ts';
import type { ConsumerFacts } from '../../rules/step.ts';
import type { RecordsChange } from '../http/dependencies.ts';
import { listCampaigns } from '../records/campaigns.ts';
import { inChunks } from '../records/chunks.ts';
import { erasedUpTo } from '../records/device-erasures.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import type { Schema } from '../records/schema.ts';
import { listSegments } from '../records/segments.ts';
import { type ReachSettings, readConsumerFacts } from './consumer-facts.ts';
import type { EngineLedger } from './ledger.ts';
import { createRulebookSource } from './rulebook-source.ts';
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
  /**
   * Reads and compiles what changed aside, in parts of some milliseconds, while readings go on being judged. One change after the
   * other: each builds on the one before.
   *
   * @returns puts it in force; for a moment at which no batch is half done
   */
  prepare(change: RecordsChange): Promise<() => void>;
}

/** All that the rulebook is made of. */
interface Parts {
  readonly deviceTypes: readonly DeviceType[];
  readonly rules: ReadonlyMap<string, SavedRule>;
  readonly ruleSet: RuleSet;
  readonly placeSet: PlaceSet;
  readonly zones: ReadonlyMap<string, SensitiveZone>;
  readonly zoneSet: ZoneSet;
  readonly segmentSet: SegmentSet;
  readonly campaigns: readonly Campaign[];
  readonly pacing: Pacing;
}

/** From here on, a start says how long it took. */
const MANY_PLACES = 100_000;

export function createRegistry(
  db: Kysely<Schema>,
  ledger: Pick<EngineLedger, 'poolsChanged'>,
  log: Logger,
  reach: ReachSettings,
): Registry {
  const source = createRulebookSource(db, log);
  const devices = new Map<string, KnownDevice>();
  const consumers = new Map<string, ConsumerFacts>();
  let parts: Parts | null = null;
  let rulebook: Rulebook | null = null;

  const inForce = (): Parts => {
    if (parts === null) throw new Error('the registry was not started');
    return parts;
  };

  const putInForce = (changed: Partial<Parts>) => {
    parts = { ...inForce(), ...changed };
    rulebook = composeRulebook(parts);
  };

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
      const deviceTypes = await listDeviceTypes(db);
      const rules = await source.rules(new Map(), deviceTypes);
      const zones = new Map((await source.allZones()).map((zone) => [zone.id, zone]));
      const began = performance.now();
      const places = await source.allPlaces();
      parts = {
        deviceTypes,
        rules,
        ruleSet: compileRules([...rules.values()], deviceTypes),
        placeSet: placeSetOf(places),
        zones,
        zoneSet: zoneSetOf([...zones.values()]),
        segmentSet: compileSegments(await listSegments(db)),
        campaigns: await listCampaigns(db),
        pacing: await source.pacing(),
      };
      rulebook = composeRulebook(parts);
      const seconds = Math.round((performance.now() - began) / 100) / 10;
      if (places.length >= MANY_PLACES) log.info({ places: places.length, seconds }, 'places are in force');
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
      if (unknown.length === 0) return;
      for (const facts of await readConsumerFacts(db, unknown, reach)) consumers.set(facts.id, facts);
    },
    device: (id) => devices.get(id),
    consumer: (id) => consumers.get(id),
    get rulebook() {
      if (rulebook === null) throw new Error('the registry was not started');
      return rulebook;
    },
    get size() {
      const { ruleSet, placeSet } = inForce();
      return { rules: ruleSet.size, places: placeSet.size };
    },
    async prepare(change) {
      switch (change.kind) {
        case 'devices':
          return () => {
            for (const id of change.ids) devices.delete(id);
          };
        case 'consumers':
          return () => {
            for (const id of change.ids) consumers.delete(id);
          };
        case 'code-pools':
          return () => ledger.poolsChanged(change.ids);
        case 'places': {
          const put = await source.places(change.changed);
          const remove = missing(
            [...change.changed, ...change.removed],
            new Map(put.map((one) => [one.id, one])),
          );
          const placeSet = inForce().placeSet.with({ put, remove });
          return () => putInForce({ placeSet });
        }
        case 'zones': {
          const zones = new Map(inForce().zones);
          for (const id of [...change.changed, ...change.removed]) zones.delete(id);
          for (const zone of await source.zones(change.changed)) zones.set(zone.id, zone);
          const zoneSet = zoneSetOf([...zones.values()]);
          return () => putInForce({ zones, zoneSet });
        }
        case 'rules': {
          const { rules: known, deviceTypes } = inForce();
          const rules = await source.rules(known, deviceTypes);
          const ruleSet = compileRules([...rules.values()], deviceTypes);
          return () => putInForce({ rules, ruleSet });
        }
        case 'device-types': {
          const deviceTypes = await listDeviceTypes(db);
          const rules = await source.rules(new Map(), deviceTypes);
          const ruleSet = compileRules([...rules.values()], deviceTypes);
          return () => putInForce({ deviceTypes, rules, ruleSet });
        }
        case 'segments': {
          const segmentSet = compileSegments(await listSegments(db));
          return () => putInForce({ segmentSet });
        }
        case 'campaigns': {
          const campaigns = await listCampaigns(db);
          return () => putInForce({ campaigns });
        }
        case 'pacing': {
          const pacing = await source.pacing();
          return () => putInForce({ pacing });
        }
        case 'traits':
          // Conditions are checked against them when they are saved; what is in force was.
          return () => undefined;
      }
    },
  };
  return registry;
}
