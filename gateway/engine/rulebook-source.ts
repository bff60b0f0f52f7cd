import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Parsed } from '../../rules/document/problem.ts';
import { parseRule } from '../../rules/document/rule.ts';
import { NO_PACING, type Pacing, parsePacing } from '../../rules/pacing/pacing.ts';
import { type Place, parsePlace } from '../../rules/places/place.ts';
import { parseSensitiveZone, type SensitiveZone } from '../../rules/places/sensitive-zone.ts';
import type { DeviceType } from '../../rules/readings/device-type.ts';
import type { SavedRule } from '../../rules/rule-set.ts';
import { getPacing } from '../records/pacing.ts';
import type { Schema } from '../records/schema.ts';
import { inSlices } from '../slices.ts';

/** Some 5 ms of parsing each. */
const PLACES_A_SLICE = 200;
const RULES_A_SLICE = 20;
const PLACES_A_PAGE = 1_000;
const TOLD_EVERY_PLACES = 100_000;

/**
 * Reads what the rulebook is made of out of the records, in parts. What is not understood is left out, and said in the log: that
 * can only be what an earlier version saved, for all is parsed before it is saved.
 */
export function createRulebookSource(db: Kysely<Schema>, log: Logger) {
  function understood<T>(what: 'place' | 'rule' | 'zone', id: string, parsed: Parsed<T>): readonly T[] {
    if (parsed.ok) return [parsed.value];
    log.error({ [what]: id, problems: parsed.problems }, `a saved ${what} is not understood; it is left out`);
    return [];
  }

  const parsedPlace = (row: { readonly id: string; readonly feature_json: string }) =>
    understood('place', row.id, parsePlace(row.id, JSON.parse(row.feature_json), { isSaved: true }));

  return {
    /** Every place, told in the log as it goes where there are many. */
    async allPlaces(): Promise<readonly Place[]> {
      const places: Place[] = [];
      let after = '';
      for (;;) {
        const rows = await db
          .selectFrom('places')
          .select(['id', 'feature_json'])
          .where('id', '>', after)
          .orderBy('id')
          .limit(PLACES_A_PAGE)
          .execute();
        const last = rows.at(-1);
        if (last === undefined) return places;
        for (const row of rows) {
          places.push(...parsedPlace(row));
          if (places.length % TOLD_EVERY_PLACES === 0) log.info({ places: places.length }, 'reading places');
        }
        after = last.id;
        await nextTurn();
      }
    },

    /** These places, as far as they are there. */
    async places(ids: readonly string[]): Promise<readonly Place[]> {
      const places: Place[] = [];
      await inSlices(ids, PLACES_A_SLICE, async (slice) => {
        const rows = await db
          .selectFrom('places')
          .select(['id', 'feature_json'])
          .where('id', 'in', slice)
          .execute();
        for (const row of rows) places.push(...parsedPlace(row));
      });
      return places;
    },

    /**
     * Rules that are live or paused.
     *
     * @param known those that were read before: one of the same version is not parsed again
     */
    async rules(
      known: ReadonlyMap<string, SavedRule>,
      deviceTypes: readonly DeviceType[],
    ): Promise<ReadonlyMap<string, SavedRule>> {
      const heads = await db
        .selectFrom('rules')
        .select(['id', 'version', 'state'])
        .where('state', 'in', ['live', 'paused'])
        .orderBy('id')
        .execute();
      const rules = new Map<string, SavedRule>();
      for (const { id, version, state } of heads) {
        const same = known.get(id);
        if (same?.version === version) rules.set(id, { rule: same.rule, version, state });
      }
      const wanted = heads.flatMap(({ id }) => (rules.has(id) ? [] : [id]));
      await inSlices(wanted, RULES_A_SLICE, async (slice) => {
        const rows = await db.selectFrom('rules').selectAll().where('id', 'in', slice).execute();
        for (const { id, version, state, document_json } of rows)
          for (const rule of understood(
            'rule',
            id,
            parseRule(JSON.parse(document_json), { deviceTypes, isSaved: true }),
          ))
            rules.set(id, { rule, version, state });
      });
      return rules;
    },

    async allZones(): Promise<readonly SensitiveZone[]> {
      const rows = await db.selectFrom('sensitive_zones').select('id').orderBy('id').execute();
      return this.zones(rows.map(({ id }) => id));
    },

    /** These zones, as far as they are there. */
    async zones(ids: readonly string[]): Promise<readonly SensitiveZone[]> {
      const zones: SensitiveZone[] = [];
      await inSlices(ids, PLACES_A_SLICE, async (slice) => {
        const rows = await db
          .selectFrom('sensitive_zones')
          .select(['id', 'feature_json'])
          .where('id', 'in', slice)
          .execute();
        for (const { id, feature_json } of rows)
          zones.push(...understood('zone', id, parseSensitiveZone(id, JSON.parse(feature_json))));
      });
      return zones;
    },

    async pacing(): Promise<Pacing> {
      const saved = await getPacing(db);
      if (saved === null) return NO_PACING;
      const parsed = parsePacing(saved.document);
      return parsed.ok ? parsed.value : NO_PACING;
    },
  };
}
