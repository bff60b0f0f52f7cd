import { type Condition, compileCondition } from './condition.ts';
import {
  collecting,
  type Fields,
  type Report,
  readDuration,
  readFields,
  readId,
  readNumber,
  readText,
} from './document.ts';
import { DAY_MS, SECOND_MS } from './duration.ts';
import { type OfferTemplate, readOffer } from './offer-template.ts';
import type { Parsed } from './problem.ts';
import { readSchedule, type Schedule } from './schedule.ts';
import { type RuleContext, readTrigger, type Trigger } from './trigger.ts';

export interface Limits {
  /** Least time between two offers of this rule to one consumer; 0: none. */
  readonly cooldownMs: number;
  readonly perConsumer: { readonly count: number; readonly perMs: number } | null;
  readonly ignoreQuietHours: boolean;
}

/** Plain data, so that it can be stored and sent; conditions and templates are compiled by the rulebook. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly trigger: Trigger;
  /** CEL, or null: always. */
  readonly when: string | null;
  readonly schedule: Schedule | null;
  readonly limits: Limits;
  readonly offer: OfferTemplate;
}

const FIELDS = ['id', 'name', 'trigger', 'when', 'schedule', 'limits', 'offer'];
const LATER_FIELDS = ['audience', 'experiment'];
const LIMITS = ['cooldown', 'perConsumer', 'quietHours'];
/** Stands in for a trigger that has problems itself, so that the names of condition and offer are still checked: it knows all names. */
const ANY_TRIGGER: Trigger = { kind: 'place', place: { kind: 'tag', tag: 'any' }, on: 'enter' };
const LONGEST_LIMIT_MS = 366 * DAY_MS;
/** Each counted offer is remembered with its time. */
const LARGEST_COUNT = 1000;

/**
 * Reads a rule document (the object of its YAML or JSON) and checks it whole: names of places, tags and metrics, the types
 * of its condition, and its templates.
 */
export function parseRule(document: unknown, context: RuleContext): Parsed<Rule> {
  return collecting((report) => {
    const fields = readFields(document, '', [...FIELDS, ...LATER_FIELDS], report);
    if (fields === null) return null;
    for (const name of LATER_FIELDS) if (fields[name] !== undefined) report(name, 'is not supported yet');
    const id = readId(fields.id, 'id', report);
    const name = fields.name === undefined ? id : readText(fields.name, 'name', report, { max: 200 });
    const trigger = readTrigger(fields.trigger, context, report);
    const when = fields.when === undefined ? null : readCondition(fields.when, trigger, context, report);
    const schedule = fields.schedule === undefined ? null : readSchedule(fields.schedule, report);
    const limits = readLimits(fields.limits, report);
    const offer = readOffer(fields.offer, trigger ?? ANY_TRIGGER, context.deviceTypes, report);
    if (id === null || name === null || trigger === null || limits === null || offer === null) return null;
    return { id, name, trigger, when, schedule, limits, offer };
  });
}

function readCondition(
  value: unknown,
  trigger: Trigger | null,
  context: RuleContext,
  report: Report,
): string | null {
  const text = readText(value, 'when', report, { max: 2000 });
  if (text === null) return text;
  const condition: Parsed<Condition> = compileCondition(text, trigger ?? ANY_TRIGGER, context.deviceTypes);
  if (!condition.ok) for (const problem of condition.problems) report(problem.path, problem.message);
  return text;
}

function readLimits(value: unknown, report: Report): Limits | null {
  if (value === undefined) return { cooldownMs: 0, perConsumer: null, ignoreQuietHours: false };
  const fields = readFields(value, 'limits', [...LIMITS, 'total'], report);
  if (fields === null) return null;
  if (fields.total !== undefined) report('limits.total', 'is not supported yet');
  const cooldownMs =
    fields.cooldown === undefined
      ? 0
      : readDuration(fields.cooldown, 'limits.cooldown', report, { minMs: 0, maxMs: LONGEST_LIMIT_MS });
  if (fields.quietHours !== undefined && fields.quietHours !== 'ignore') {
    report('limits.quietHours', 'can only be "ignore" (for alerts and tests); leave it out to keep them');
  }
  const perConsumer = fields.perConsumer === undefined ? null : readCap(fields.perConsumer, report);
  if (cooldownMs === null) return null;
  return { cooldownMs, perConsumer, ignoreQuietHours: fields.quietHours === 'ignore' };
}

function readCap(value: unknown, report: Report): Limits['perConsumer'] {
  const fields: Fields | null = readFields(value, 'limits.perConsumer', ['count', 'per'], report);
  if (fields === null) return null;
  const count = readNumber(fields.count, 'limits.perConsumer.count', report, {
    min: 1,
    max: LARGEST_COUNT,
    integer: true,
  });
  const perMs = readDuration(fields.per, 'limits.perConsumer.per', report, {
    minMs: SECOND_MS,
    maxMs: LONGEST_LIMIT_MS,
  });
  return count === null || perMs === null ? null : { count, perMs };
}
