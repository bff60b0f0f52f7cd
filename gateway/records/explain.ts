import { type Kysely, type SqlBool, sql } from 'kysely';
import { inChunks } from './chunks.ts';
import { decisionOf, type StoredDecision } from './decisions.ts';
import { deliveryOf, type StoredDelivery } from './deliveries.ts';
import type { RuleState, Schema } from './schema.ts';
import { type StoredVisit, visitOf } from './visits.ts';

/** Whom, where and when an explanation is about. */
export interface ExplainQuery {
  readonly consumer: string;
  /** Null: wherever. */
  readonly place: string | null;
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive, epoch ms. */
  readonly to: number;
}

/** A rule as it was then: the version in force at the end of the time, or its first one where it came later. */
export interface RuleThen {
  readonly id: string;
  readonly version: number;
  readonly document: object;
  /** What was in force when, oldest first: the row at the beginning of the time, if any, and those within it. */
  readonly spells: readonly RuleSpell[];
}

export interface RuleSpell {
  readonly at: number;
  readonly version: number;
  readonly state: RuleState;
}

const MOST_VISITS = 100;
const MOST_DECISIONS = 1_000;

/** Visits of a consumer that touch the time, newest first. */
export async function visitsDuring(db: Kysely<Schema>, query: ExplainQuery): Promise<readonly StoredVisit[]> {
  let visits = db
    .selectFrom('visits')
    .selectAll()
    .where('consumer', '=', query.consumer)
    .where('entered_at', '<', query.to)
    .where((is) => is.or([is('exited_at', 'is', null), is('exited_at', '>=', query.from)]));
  // The unary plus keeps SQLite at the index of the consumer: a place may have had a million visits.
  if (query.place !== null) visits = visits.where(sql<SqlBool>`+place = ${query.place}`);
  const rows = await visits.orderBy('entered_at', 'desc').orderBy('id', 'desc').limit(MOST_VISITS).execute();
  return rows.map(visitOf);
}

/** Decisions about a consumer in the time, oldest first: those about the place, and those about none. */
export async function decisionsDuring(
  db: Kysely<Schema>,
  query: ExplainQuery,
): Promise<readonly StoredDecision[]> {
  let decisions = db
    .selectFrom('decisions')
    .selectAll()
    .where('consumer', '=', query.consumer)
    .where('at', '>=', query.from)
    .where('at', '<', query.to);
  const { place } = query;
  if (place !== null)
    decisions = decisions.where((is) => is.or([is('place', '=', place), is('place', 'is', null)]));
  const rows = await decisions.orderBy('at').orderBy('id').limit(MOST_DECISIONS).execute();
  return rows.map(decisionOf);
}

/** Documents of the versions that decided, by `versionKey`. */
export async function decidingVersions(
  db: Kysely<Schema>,
  decisions: readonly Pick<StoredDecision, 'rule' | 'ruleVersion'>[],
): Promise<ReadonlyMap<string, object>> {
  const pairs = [...new Map(decisions.map((one) => [versionKey(one.rule, one.ruleVersion), one])).values()];
  const found = new Map<string, object>();
  for (const chunk of inChunks(pairs)) {
    const wanted = JSON.stringify(chunk.map(({ rule, ruleVersion }) => ({ rule, version: ruleVersion })));
    const { rows } = await sql<{ id: string; version: number; document_json: string }>`
      select v.id, v.version, v.document_json from json_each(${wanted}) as wanted
      join rule_versions as v on v.id = wanted.value ->> 'rule' and v.version = wanted.value ->> 'version'`.execute(
      db,
    );
    for (const row of rows) found.set(versionKey(row.id, row.version), JSON.parse(row.document_json));
  }
  return found;
}

/** Ids hold no blank. */
export const versionKey = (rule: string, version: number): string => `${rule} ${version}`;

/** What became of offers, by the ids of their deliveries. */
export async function deliveriesById(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredDelivery>> {
  const found = new Map<string, StoredDelivery>();
  for (const chunk of inChunks(ids)) {
    const rows = await db.selectFrom('deliveries').selectAll().where('id', 'in', chunk).execute();
    for (const row of rows) found.set(row.id, deliveryOf(row));
  }
  return found;
}

/**
 * Offers that were sent on account of these visits, whenever that was: by rule the latest one. A visit of another device of the
 * same person may have been the cause, so causes that decisions about these visits name count too.
 */
export async function sentForVisits(
  db: Kysely<Schema>,
  consumer: string,
  visits: readonly StoredVisit[],
  decisions: readonly StoredDecision[],
): Promise<ReadonlyMap<string, StoredDecision>> {
  const chain = await visitsThatShareCauses(db, consumer, visits);
  const causes = new Set(chain.map(({ id }) => id));
  for (const { visit, cause } of decisions) if (visit !== undefined && causes.has(visit)) causes.add(cause);
  const sent = new Map<string, StoredDecision>();
  if (causes.size === 0) return sent;
  const earliest = Math.min(...chain.map(({ enteredAt }) => enteredAt));
  const rows = await db
    .selectFrom('decisions')
    .selectAll()
    .where('consumer', '=', consumer)
    .where('at', '>=', earliest)
    .where('outcome', '=', 'sent')
    .where((is) => is.or([is('cause', 'in', [...causes]), is('visit', 'in', [...causes])]))
    .orderBy('at')
    .limit(MOST_DECISIONS)
    .execute();
  for (const row of rows) sent.set(row.rule, decisionOf(row));
  return sent;
}

/** A phone may have come before the car, and left before the time that is asked about: then its visit is the car's cause. */
const MOST_HOPS = 5;

/** These visits, and those of the same person at the same place that they followed on without a gap. */
async function visitsThatShareCauses(
  db: Kysely<Schema>,
  consumer: string,
  visits: readonly StoredVisit[],
): Promise<readonly StoredVisit[]> {
  const chain = [...visits];
  const places = [...new Set(visits.map(({ place }) => place))];
  for (let hop = 0; hop < MOST_HOPS && chain.length > 0; hop += 1) {
    const first = Math.min(...chain.map(({ enteredAt }) => enteredAt));
    const rows = await db
      .selectFrom('visits')
      .selectAll()
      .where('consumer', '=', consumer)
      .where('entered_at', '<', first)
      .where('place', 'in', places)
      .where((is) => is.or([is('exited_at', 'is', null), is('exited_at', '>=', first)]))
      .orderBy('entered_at', 'desc')
      .limit(MOST_VISITS)
      .execute();
    if (rows.length === 0) break;
    chain.push(...rows.map(visitOf));
  }
  return chain;
}

/**
 * Rules as they were then, those that wait for something at the place first, then those that wait for metrics and events, then
 * the others.
 *
 * @param tags of the place
 * @param decided rules that decided something then: they come before all
 */
export async function rulesThen(
  db: Kysely<Schema>,
  { place, from, to }: ExplainQuery,
  tags: readonly string[],
  decided: readonly string[],
  limit: number,
): Promise<{ readonly rules: readonly RuleThen[]; readonly total: number }> {
  const [decidedJson, tagsJson] = [JSON.stringify(decided), JSON.stringify(tags)];
  const found = await sql<{ id: string; version: number; document_json: string }>`
    select r.id, s.version, v.document_json
    from rules as r
    join rule_states as s on s.id = coalesce(
      (select id from rule_states where rule = r.id and at < ${to} order by at desc, id desc limit 1),
      (select id from rule_states where rule = r.id order by at, id limit 1))
    join rule_versions as v on v.id = r.id and v.version = s.version
    order by
      r.id in (select value from json_each(${decidedJson})) desc,
      case
        when ${place} is null then 0
        when json_extract(v.document_json, '$.trigger.place.id') = ${place} then 0
        when json_extract(v.document_json, '$.trigger.place.tag') in (select value from json_each(${tagsJson})) then 0
        when json_extract(v.document_json, '$.trigger.place') is null then 1
        else 2
      end, r.id
    limit ${limit}`.execute(db);
  const { total } = await db
    .selectFrom('rules')
    .select((is) => is.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const spells = await spellsOf(
    db,
    found.rows.map(({ id }) => id),
    from,
    to,
  );
  const rules = found.rows.map(({ id, version, document_json }) => ({
    id,
    version,
    document: JSON.parse(document_json) as object,
    spells: spells.get(id) ?? [],
  }));
  return { rules, total: Number(total) };
}

async function spellsOf(
  db: Kysely<Schema>,
  ids: readonly string[],
  from: number,
  to: number,
): Promise<ReadonlyMap<string, readonly RuleSpell[]>> {
  const rows = await sql<{ rule: string; at: number; version: number; state: RuleState }>`
    select rule, at, version, state from rule_states as s
    where rule in (select value from json_each(${JSON.stringify(ids)})) and at < ${to}
      and id >= coalesce(
        (select id from rule_states where rule = s.rule and at <= ${from} order by at desc, id desc limit 1), 0)
    order by rule, at, id`.execute(db);
  const spells = new Map<string, RuleSpell[]>();
  for (const { rule, ...spell } of rows.rows) {
    const list = spells.get(rule);
    if (list === undefined) spells.set(rule, [spell]);
    else list.push(spell);
  }
  return spells;
}
