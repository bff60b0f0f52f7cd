import type { DeviceType } from '../readings/device-type.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../time/duration.ts';
import {
  type Fields,
  join,
  type Report,
  readChoice,
  readDuration,
  readFields,
  readId,
  readNumber,
  readText,
} from './document.ts';
import { suggestion } from './nearest-name.ts';

/** When a rule looks: what must happen to a subject. */
export type Trigger = PlaceTrigger | MetricTrigger | { readonly kind: 'event'; readonly name: string };

export type PlaceTrigger = { readonly kind: 'place'; readonly place: PlaceSelector } & (
  | { readonly on: 'enter' | 'exit' | 'pass' }
  | { readonly on: 'dwell'; readonly forMs: number }
  /** It would be there within this time, going on as it does. */
  | { readonly on: 'approach'; readonly withinMs: number }
);

/** What a place trigger can wait for. */
export type PlaceEvent = PlaceTrigger['on'];

export type PlaceSelector =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'tag'; readonly tag: string };

export interface MetricTrigger {
  readonly kind: 'metric';
  readonly name: string;
  readonly direction: 'below' | 'above';
  readonly threshold: number;
  /** How long the value must stay beyond the threshold; 0: it fires on the crossing. */
  readonly forMs: number;
  /** The value that must be reached on the way back before it fires again. */
  readonly rearm: number;
}

/** A profile trait that was declared: an attribute of consumers, with its type. */
export interface Trait {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'string';
}

/** What a rule is checked against. Lists that are not given are not checked. */
export interface RuleContext {
  readonly deviceTypes: readonly DeviceType[];
  readonly placeIds?: readonly string[];
  readonly tags?: readonly string[];
  /** Ids that a condition may compare `device.type` with. */
  readonly deviceTypeIds?: readonly string[];
  /** Ids. */
  readonly segments?: readonly string[];
  readonly campaigns?: readonly string[];
  readonly codePools?: readonly string[];
  /** Where any is declared, `consumer.attributes` has these alone; else anything goes. */
  readonly traits?: readonly Trait[];
  /**
   * The rule comes from the records, and an earlier version may have allowed more: its texts are left to be read when it first fires
   * (where they can't be, its decisions say so), and what can be evaluated safely is.
   */
  readonly isSaved?: boolean;
}

/** What a reading may carry. */
const LONGEST_EVENT = 256;
const LONGEST_METRIC_NAME = 128;

/** What a place trigger can wait for, in the order of telling. */
export const PLACE_EVENTS = ['enter', 'exit', 'dwell', 'approach', 'pass'] as const;
const DEFAULT_WITHIN_MS = 5 * MINUTE_MS;
const LONGEST_WITHIN_MS = HOUR_MS;
const LONGEST_FOR_MS = 30 * DAY_MS;
/** A metric re-arms this share of its threshold back, unless the rule says `rearm`. */
const REARM_SHARE = 0.05;

export function readTrigger(value: unknown, context: RuleContext, report: Report): Trigger | null {
  const fields = readFields(value, 'trigger', ['place', 'on', 'for', 'within', 'metric', 'event'], report);
  if (fields === null) return null;
  const kinds = (['place', 'metric', 'event'] as const).filter((kind) => fields[kind] !== undefined);
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0) {
    const found = kinds.length === 0 ? 'none' : kinds.join(' and ');
    report('trigger', `must have exactly one of place, metric, event; found ${found}`);
    return null;
  }
  if (kind !== 'place')
    refuseFields(fields, ['on', 'for', 'within'], `belongs to a place trigger; this one has ${kind}`, report);
  switch (kind) {
    case 'place':
      return readPlaceTrigger(fields, context, report);
    case 'metric':
      return readMetricTrigger(fields.metric, context, report);
    case 'event': {
      const name = readText(fields.event, 'trigger.event', report, { max: LONGEST_EVENT });
      return name === null ? null : { kind: 'event', name };
    }
  }
}

function refuseFields(fields: Fields, names: readonly string[], why: string, report: Report): void {
  for (const name of names) if (fields[name] !== undefined) report(join('trigger', name), why);
}

function readPlaceTrigger(fields: Fields, context: RuleContext, report: Report): Trigger | null {
  const place = readSelector(fields.place, context, report);
  const on = readChoice(fields.on, 'trigger.on', report, PLACE_EVENTS);
  switch (on) {
    case null:
      return null;
    case 'dwell': {
      refuseFields(fields, ['within'], 'belongs to approach', report);
      const forMs = readDuration(fields.for, 'trigger.for', report, {
        minMs: SECOND_MS,
        maxMs: LONGEST_FOR_MS,
      });
      return place === null || forMs === null ? null : { kind: 'place', place, on, forMs };
    }
    case 'approach': {
      refuseFields(fields, ['for'], 'belongs to dwell', report);
      const withinMs =
        fields.within === undefined
          ? DEFAULT_WITHIN_MS
          : readDuration(fields.within, 'trigger.within', report, {
              minMs: SECOND_MS,
              maxMs: LONGEST_WITHIN_MS,
            });
      return place === null || withinMs === null ? null : { kind: 'place', place, on, withinMs };
    }
    case 'enter':
    case 'exit':
    case 'pass':
      refuseFields(fields, ['within'], 'belongs to approach', report);
      refuseFields(fields, ['for'], 'belongs to dwell', report);
      return place === null ? null : { kind: 'place', place, on };
  }
}

function readSelector(value: unknown, context: RuleContext, report: Report): PlaceSelector | null {
  const path = 'trigger.place';
  const fields = readFields(value, path, ['id', 'tag'], report);
  if (fields === null) return null;
  if ((fields.id === undefined) === (fields.tag === undefined)) {
    report(path, `must have either id or tag, found ${fields.id === undefined ? 'none' : 'both'}`);
    return null;
  }
  if (fields.id !== undefined) {
    const id = readId(fields.id, join(path, 'id'), report);
    if (id === null) return null;
    if (context.placeIds && !context.placeIds.includes(id)) {
      report(join(path, 'id'), `there is no place "${id}".${suggestion(id, context.placeIds)}`);
    }
    return { kind: 'id', id };
  }
  const tag = readText(fields.tag, join(path, 'tag'), report, { max: 64 });
  if (tag === null) return null;
  if (context.tags && !context.tags.includes(tag)) {
    report(join(path, 'tag'), `no place has the tag "${tag}".${suggestion(tag, context.tags)}`);
  }
  return { kind: 'tag', tag };
}

function readMetricTrigger(value: unknown, context: RuleContext, report: Report): Trigger | null {
  const path = 'trigger.metric';
  const fields = readFields(value, path, ['name', 'below', 'above', 'for', 'rearm'], report);
  if (fields === null) return null;
  const name = readMetricName(fields.name, join(path, 'name'), context, report);
  const forMs =
    fields.for === undefined
      ? 0
      : readDuration(fields.for, join(path, 'for'), report, { minMs: SECOND_MS, maxMs: LONGEST_FOR_MS });
  if ((fields.below === undefined) === (fields.above === undefined)) {
    report(path, `must have either below or above, found ${fields.below === undefined ? 'none' : 'both'}`);
    return null;
  }
  const direction = fields.below === undefined ? 'above' : 'below';
  const threshold = readNumber(fields[direction], join(path, direction), report);
  if (threshold === null) return null;
  const back = direction === 'below' ? 1 : -1;
  const rearm =
    fields.rearm === undefined
      ? threshold + back * REARM_SHARE * Math.abs(threshold)
      : readNumber(fields.rearm, join(path, 'rearm'), report);
  if (rearm !== null && (rearm - threshold) * back < 0) {
    const side = direction === 'below' ? 'at or above' : 'at or below';
    report(join(path, 'rearm'), `must lie ${side} the threshold ${threshold}, found ${rearm}`);
  }
  if (name === null || forMs === null || rearm === null) return null;
  return { kind: 'metric', name, direction, threshold, forMs, rearm };
}

function readMetricName(value: unknown, path: string, context: RuleContext, report: Report): string | null {
  const name = readText(value, path, report, { max: LONGEST_METRIC_NAME });
  if (name === null) return null;
  const kinds = context.deviceTypes
    .filter((type) => Object.hasOwn(type.metrics, name))
    .map((type) => type.metrics[name]?.kind);
  if (kinds.length === 0) {
    const known = context.deviceTypes.flatMap((type) => Object.keys(type.metrics));
    report(path, `no device type has a metric "${name}".${suggestion(name, known)}`);
    return null;
  }
  if (!kinds.includes('number')) {
    report(path, `"${name}" is a ${kinds[0]}; below and above need a number`);
    return null;
  }
  return name;
}
