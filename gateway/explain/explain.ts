import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { View } from '../../rules/condition/view.ts';
import { collecting } from '../../rules/document/document.ts';
import { type RuleContext, readTrigger, type Trigger } from '../../rules/document/trigger.ts';
import { type Shape, shapeOf } from '../../rules/geometry/shape.ts';
import { type Place, parsePlace } from '../../rules/places/place.ts';
import type { SuppressionReason } from '../../rules/step.ts';
import { isTimezone } from '../../rules/time/local-time.ts';
import { WaysideError } from '../errors.ts';
import { listConsents } from '../records/consents.ts';
import { requireConsumer } from '../records/consumers.ts';
import type { StoredDecision } from '../records/decisions.ts';
import type { StoredDelivery } from '../records/deliveries.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import {
  decidingVersions,
  decisionsDuring,
  deliveriesById,
  type ExplainQuery,
  type RuleThen,
  rulesThen,
  sentForVisits,
  versionKey,
  visitsDuring,
} from '../records/explain.ts';
import type { RuleState, Schema } from '../records/schema.ts';
import type { StoredVisit } from '../records/visits.ts';
import type { ReadingPoint, TelemetryReader } from '../telemetry/telemetry-store.ts';
import { type ConditionPart, conditionParts } from './condition-parts.ts';
import { type Evidence, gatherEvidence, seenThrough, viewOfStaff } from './evidence.ts';
import type { Surroundings } from './surroundings.ts';
import { type NotTriggeredReason, whyNot } from './why-not.ts';

/** Why each rule did or did not bring a consumer its offer, at a place and about a time. */
export interface Explanation {
  readonly visits: readonly StoredVisit[];
  readonly evidence: Evidence | null;
  readonly rules: readonly ExplainedRule[];
  /** Rules that are not among `rules`, for there are so many: none of them decided anything then. */
  readonly omitted: number;
}

export interface ExplainedRule {
  readonly rule: string;
  /** That decided, or was in force then. */
  readonly version: number;
  readonly name: string;
  /** At the end of that time; null where the rule was not there yet. */
  readonly state: RuleState | null;
  readonly verdict: 'sent' | 'suppressed' | 'not_triggered';
  readonly reason?: SuppressionReason | NotTriggeredReason;
  readonly explanation: string;
  /** The one that is nearest to the time asked about. */
  readonly decision?: StoredDecision;
  /** All of that time, oldest first. */
  readonly decisions: readonly StoredDecision[];
  readonly delivery?: StoredDelivery;
  /** Of the version that decided, taken apart; where the condition is what stopped it. */
  readonly condition?: ConditionPart;
}

interface Found {
  readonly deliveries: ReadonlyMap<string, StoredDelivery>;
  readonly versions: ReadonlyMap<string, object>;
  readonly context: RuleContext;
  readonly around: Surroundings;
}

export interface ExplainStores {
  readonly records: Kysely<Schema>;
  readonly telemetry: TelemetryReader;
  /** What keeps a place from being where it is, such as a sensitive zone, or null. */
  objection(place: Place): { readonly message: string } | null;
}

const MOST_RULES = 200;
const MOST_DEVICES = 10;
const MOST_READINGS_A_DEVICE = 1_000;

/**
 * @param at the moment that is asked about, within the query's time
 * @throws WaysideError `not_found` for a consumer, or a place that nothing is known of
 */
export async function explain(stores: ExplainStores, query: ExplainQuery, at: number): Promise<Explanation> {
  const { records } = stores;
  const consumer = await requireConsumer(records, query.consumer);
  const place = query.place === null ? null : await placeNow(records, query.place);
  const visits = await visitsDuring(records, query);
  const decisions = await decisionsDuring(records, query);
  if (
    query.place !== null &&
    place === null &&
    visits.length === 0 &&
    decisions.every((one) => one.place === undefined)
  )
    throw new WaysideError(
      'not_found',
      `there is no place "${query.place}", and nothing is recorded of it then`,
    );
  const byRule = Map.groupBy(decisions, ({ rule }) => rule);
  const { rules, total } = await rulesThen(
    records,
    query,
    place?.tags ?? [],
    [...byRule.keys()],
    Math.max(MOST_RULES, byRule.size),
  );
  const deliveries = await deliveriesById(
    records,
    decisions.flatMap(({ deliveryId }) => deliveryId ?? []),
  );
  const deviceTypes = await listDeviceTypes(records);
  const consents = await listConsents(records, query.consumer);
  const view = viewOfStaff(consents, deviceTypes);
  const evidence = await evidenceOf(stores, query, place === null ? null : shapeOf(place.geometry), view);
  const around: Surroundings = {
    from: query.from,
    to: query.to,
    zone: [place?.timezone, consumer.timezone].find((zone) => zone != null && isTimezone(zone)) ?? 'UTC',
    place: query.place === null ? null : (place ?? { id: query.place, name: query.place, tags: [] }),
    visits,
    sent: await sentForVisits(records, query.consumer, visits, decisions),
    zoneOverlap: place === null ? null : (stores.objection(place)?.message ?? null),
    devices: evidence.devices,
    evidence: evidence.found,
  };
  const found: Found = {
    deliveries,
    versions: await decidingVersions(records, decisions),
    context: { deviceTypes, isSaved: true },
    around,
  };
  const explained: ExplainedRule[] = [];
  for (const rule of rules) {
    explained.push(explainRule(rule, byRule.get(rule.id) ?? [], found, at));
    await setImmediate();
  }
  return { visits, evidence: evidence.found, rules: explained, omitted: total - rules.length };
}

function explainRule(
  rule: RuleThen,
  decisions: readonly StoredDecision[],
  { deliveries, versions, context, around }: Found,
  at: number,
): ExplainedRule {
  const decision = nearest(decisions, at);
  const base = { rule: rule.id, state: rule.spells.at(-1)?.state ?? null, decisions };
  if (decision === undefined) {
    const { reason, explanation } = whyNot(rule, triggerOf(rule.document, context), around);
    const name = nameOf(rule.document, rule.id);
    return { ...base, name, version: rule.version, verdict: 'not_triggered', reason, explanation };
  }
  const document = versions.get(versionKey(decision.rule, decision.ruleVersion)) ?? rule.document;
  const delivery = decision.deliveryId === undefined ? undefined : deliveries.get(decision.deliveryId);
  const condition = stoppingCondition(document, decision, context);
  return {
    ...base,
    name: nameOf(document, rule.id),
    version: decision.ruleVersion,
    verdict: decision.outcome,
    ...(decision.reason !== undefined && { reason: decision.reason }),
    // What was written down when it was decided: nothing is judged anew with what is known today.
    explanation: decision.detail,
    decision,
    ...(delivery !== undefined && { delivery }),
    ...(condition !== null && { condition }),
  };
}

function stoppingCondition(
  document: object,
  { reason, detail }: StoredDecision,
  context: RuleContext,
): ConditionPart | null {
  if (reason !== 'condition_false' && reason !== 'missing_value') return null;
  const { when } = document as { readonly when?: unknown };
  const trigger = triggerOf(document, context);
  return typeof when !== 'string' || trigger === null ? null : conditionParts(when, trigger, context, detail);
}

function nameOf(document: object, id: string): string {
  const { name } = document as { readonly name?: unknown };
  return typeof name === 'string' ? name : id;
}

/** An offer that was sent explains more than what was withheld beside it; else the nearest in time. */
function nearest(decisions: readonly StoredDecision[], at: number): StoredDecision | undefined {
  const sent = decisions.filter(({ outcome }) => outcome === 'sent');
  const distance = (decision: StoredDecision) => Math.abs(decision.at - at);
  return [...(sent.length > 0 ? sent : decisions)].sort((a, b) => distance(a) - distance(b))[0];
}

function triggerOf(document: object, { deviceTypes }: RuleContext): Trigger | null {
  const { trigger } = document as { readonly trigger?: unknown };
  const read = collecting((report) => readTrigger(trigger, { deviceTypes }, report));
  return read.ok ? read.value : null;
}

async function placeNow(records: Kysely<Schema>, id: string): Promise<Place | null> {
  const row = await records
    .selectFrom('places')
    .select('feature_json')
    .where('id', '=', id)
    .executeTakeFirst();
  const parsed = row === undefined ? null : parsePlace(id, JSON.parse(row.feature_json), { isSaved: true });
  return parsed?.ok ? parsed.value : null;
}

/** What the consumer's devices said then; nothing where the store does not answer, for what was decided is known all the same. */
async function evidenceOf(
  { records, telemetry }: ExplainStores,
  { consumer, from, to }: ExplainQuery,
  shape: Shape | null,
  view: View,
): Promise<{ readonly devices: number; readonly found: Evidence | null }> {
  const devices = await records
    .selectFrom('devices')
    .select('device_key')
    .where('consumer_id', '=', consumer)
    .orderBy('id')
    .limit(MOST_DEVICES)
    .execute();
  const points: ReadingPoint[] = [];
  let truncated = false;
  for (const { device_key: deviceKey } of devices) {
    try {
      const page = await telemetry.read({ deviceKey, from, to, limit: MOST_READINGS_A_DEVICE });
      points.push(...(page.points as readonly ReadingPoint[]).map((point) => seenThrough(view, point)));
      truncated ||= page.next !== null;
    } catch (error) {
      if (error instanceof WaysideError && error.code === 'telemetry_unavailable')
        return { devices: devices.length, found: null };
      throw error;
    }
  }
  return { devices: devices.length, found: await gatherEvidence(points, shape, truncated) };
}
