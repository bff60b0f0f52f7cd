import { type Condition, compileCondition } from '../condition/condition.ts';
import { type Cap, LONGEST_LIMIT_MS, readCap } from '../pacing/cap.ts';
import { LARGEST_TOTAL } from './campaign.ts';
import {
  collecting,
  describeFound,
  type Report,
  readDuration,
  readFields,
  readId,
  readNumber,
  readText,
} from './document.ts';
import { type Experiment, readExperiment } from './experiment.ts';
import { suggestion } from './nearest-name.ts';
import { type OfferTemplate, readOffer } from './offer-template.ts';
import type { Parsed } from './problem.ts';
import { readSchedule, type Schedule } from './schedule.ts';
import { type RuleContext, readTrigger, type Trigger } from './trigger.ts';

export interface Limits {
  /** Least time between two offers of this rule to one consumer; 0: none. */
  readonly cooldownMs: number;
  readonly perConsumer: Cap | null;
  readonly ignoreQuietHours: boolean;
  /** Most offers of this rule to all people together; null: no limit. */
  readonly total: number | null;
}

/** Plain data, so that it can be stored and sent; conditions and templates are compiled by the rulebook. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly trigger: Trigger;
  /** CEL, or null: always. */
  readonly when: string | null;
  /** Null: everybody. */
  readonly audience: { readonly segment: string } | null;
  readonly schedule: Schedule | null;
  readonly limits: Limits;
  /** What an offer that is taken up is worth beside those of other rules: where several want one moment, the best is sent. */
  readonly weight: number;
  /** Id of the campaign whose budget it draws on. */
  readonly campaign: string | null;
  readonly experiment: Experiment | null;
  /** Null only where every variant has its own. */
  readonly offer: OfferTemplate | null;
}

/** Every offer that a rule may send, each once. */
export function offersOf(rule: Rule): readonly OfferTemplate[] {
  const variants = rule.experiment?.variants ?? [];
  const offers = variants.length === 0 ? [rule.offer] : variants.map(({ offer }) => offer);
  return [...new Set(offers)].filter((offer) => offer !== null);
}

const FIELDS = [
  'id',
  'name',
  'trigger',
  'when',
  'audience',
  'schedule',
  'limits',
  'weight',
  'campaign',
  'experiment',
  'offer',
];
const LIMITS = ['cooldown', 'perConsumer', 'total', 'quietHours'];
const DEFAULT_WEIGHT = 1;
/** Lists by rule id are JSON objects, and parsers of JSON refuse a key of this name. */
const UNTOLD_ID = '__proto__';
/** Stands in for a trigger that has problems itself, so that the names of condition and offer are still checked: it knows all names. */
const ANY_TRIGGER: Trigger = { kind: 'place', place: { kind: 'tag', tag: 'any' }, on: 'enter' };

/**
 * Reads a rule document (the object of its YAML or JSON) and checks it whole: names of places, tags and metrics, the types
 * of its condition, and its templates.
 */
export function parseRule(document: unknown, context: RuleContext): Parsed<Rule> {
  return collecting((report) => {
    const fields = readFields(document, '', FIELDS, report);
    if (fields === null) return null;
    const id = readId(fields.id, 'id', report);
    if (id === UNTOLD_ID && !context.isSaved) report('id', `must be another name than ${UNTOLD_ID}`);
    const name = fields.name === undefined ? id : readText(fields.name, 'name', report, { max: 200 });
    const trigger = readTrigger(fields.trigger, context, report);
    const when = fields.when === undefined ? null : readCondition(fields.when, trigger, context, report);
    const audience = fields.audience === undefined ? null : readAudience(fields.audience, context, report);
    const schedule = fields.schedule === undefined ? null : readSchedule(fields.schedule, context, report);
    const limits = readLimits(fields.limits, report);
    const weight =
      fields.weight === undefined
        ? DEFAULT_WEIGHT
        : readNumber(fields.weight, 'weight', report, { min: 0.01, max: 100 });
    const campaign = fields.campaign === undefined ? null : readCampaign(fields.campaign, context, report);
    const read = (value: unknown, path: string) =>
      readOffer(value, path, trigger ?? ANY_TRIGGER, context, report);
    const hasOffer = fields.offer !== undefined;
    const needsOffer = !hasVariants(fields.experiment);
    const offer = hasOffer || needsOffer ? read(fields.offer, 'offer') : null;
    const experiment =
      fields.experiment === undefined
        ? null
        : readExperiment(fields.experiment, offer, hasOffer || needsOffer, report, read);
    if (id === null || name === null || trigger === null || limits === null || weight === null) return null;
    return { id, name, trigger, when, audience, schedule, limits, weight, campaign, experiment, offer };
  });
}

/** Then the offers may stand in the variants. */
function hasVariants(experiment: unknown): boolean {
  return typeof experiment === 'object' && experiment !== null && 'variants' in experiment;
}

function readAudience(value: unknown, context: RuleContext, report: Report): Rule['audience'] {
  const fields = readFields(value, 'audience', ['segment'], report);
  if (fields === null) return null;
  const segment = readId(fields.segment, 'audience.segment', report);
  if (segment === null) return null;
  if (context.segments && !context.segments.includes(segment))
    report('audience.segment', `there is no segment "${segment}".${suggestion(segment, context.segments)}`);
  return { segment };
}

function readCampaign(value: unknown, context: RuleContext, report: Report): string | null {
  const id = readId(value, 'campaign', report);
  if (id !== null && context.campaigns && !context.campaigns.includes(id))
    report('campaign', `there is no campaign "${id}".${suggestion(id, context.campaigns)}`);
  return id;
}

function readCondition(
  value: unknown,
  trigger: Trigger | null,
  context: RuleContext,
  report: Report,
): string | null {
  const text = readText(value, 'when', report, { max: 2000 });
  if (text === null || context.isSaved) return text;
  const condition: Parsed<Condition> = compileCondition(text, trigger ?? ANY_TRIGGER, context);
  if (!condition.ok) for (const problem of condition.problems) report(problem.path, problem.message);
  return text;
}

const NO_LIMITS: Limits = { cooldownMs: 0, perConsumer: null, ignoreQuietHours: false, total: null };

function readLimits(value: unknown, report: Report): Limits | null {
  if (value === undefined) return NO_LIMITS;
  const fields = readFields(value, 'limits', LIMITS, report);
  if (fields === null) return null;
  const cooldownMs =
    fields.cooldown === undefined
      ? 0
      : readDuration(fields.cooldown, 'limits.cooldown', report, { minMs: 0, maxMs: LONGEST_LIMIT_MS });
  if (fields.quietHours !== undefined && fields.quietHours !== 'ignore') {
    report(
      'limits.quietHours',
      `can only be "ignore" (for alerts and tests), found ${describeFound(fields.quietHours)}; leave it out to keep them`,
    );
  }
  const perConsumer =
    fields.perConsumer === undefined ? null : readCap(fields.perConsumer, 'limits.perConsumer', report);
  const total =
    fields.total === undefined
      ? null
      : readNumber(fields.total, 'limits.total', report, { min: 1, max: LARGEST_TOTAL, integer: true });
  if (cooldownMs === null) return null;
  return { cooldownMs, perConsumer, ignoreQuietHours: fields.quietHours === 'ignore', total };
}
