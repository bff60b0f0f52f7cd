import type { DeviceType, Sensitivity } from '../readings/device-type.ts';
import { PURPOSES, type Purpose } from '../step.ts';
import type { Trigger } from './trigger.ts';

/** Something that a rule reads. */
export interface Look {
  /** Where in its document: `trigger`, `when`, `offer`, `experiment.variants[0].offer`. */
  readonly path: string;
  /** A dotted name: `place`, `metrics.fuel`, `event.purchase`, `consumer.attributes.plan`. */
  readonly read: string;
}

/** Why a rule needs a purpose. */
export interface PurposeNeed extends Look {
  readonly purpose: Purpose;
  /** The metric that is meant, and the device types that know it; left out where it is about no metric. */
  readonly metric?: string;
  readonly deviceTypes?: readonly string[];
}

/** What a trigger reads. */
export function looksOfTrigger(trigger: Trigger): readonly Look[] {
  switch (trigger.kind) {
    case 'place':
      return [{ path: 'trigger', read: 'place' }];
    case 'metric':
      return [{ path: 'trigger', read: `metrics.${trigger.name}` }];
    case 'event':
      return [{ path: 'trigger', read: `event.${trigger.name}` }];
  }
}

/**
 * What a person must have agreed to for a rule to send, as a union over its trigger, its condition, and what its offer's texts
 * read (else a lock screen would show a heart rate to somebody who never agreed to its use): a place, position or visit →
 * `location_offers`; a metric of sensitivity `health` → `health_offers`; any other metric, or an event → `device_offers`. A metric of sensitivity
 * `location` tells where somebody is, and counts as location.
 */
export function purposesOfLooks(
  looks: readonly Look[],
  deviceTypes: readonly DeviceType[],
): readonly Purpose[] {
  const needed = new Set(looks.flatMap((look) => needsOf(look, deviceTypes)).map(({ purpose }) => purpose));
  return PURPOSES.filter((purpose) => needed.has(purpose));
}

/** Why each purpose is needed, in the order of purposes; one line for each thing that is read, and for each metric that it may be. */
export function purposeNeeds(
  looks: readonly Look[],
  deviceTypes: readonly DeviceType[],
): readonly PurposeNeed[] {
  const needs = looks.flatMap((look) => needsOf(look, deviceTypes));
  const byText = new Map(needs.map((need) => [JSON.stringify(need), need]));
  return PURPOSES.flatMap((purpose) => [...byText.values()].filter((need) => need.purpose === purpose));
}

const WHAT: Readonly<Record<Purpose, string>> = {
  location_offers: 'tells where somebody is',
  device_offers: 'is what a device reports',
  health_offers: 'tells of somebody’s health',
};

/** A need as a sentence: `the condition reads metrics.pulse, which tells of somebody’s health (a health metric of ring)`. */
export function needInWords({ path, read, purpose, metric, deviceTypes }: PurposeNeed): string {
  const where =
    path === 'trigger' ? 'the trigger' : path === 'when' ? 'the condition' : `a text of the offer (${path})`;
  const isWhole = read === 'metrics';
  const which = isWhole && metric !== ANY_OTHER ? `, which may be ${metric}, and that` : ', which';
  const types = deviceTypes === undefined ? '' : ` (a metric of ${deviceTypes.join(', ')})`;
  return `${where} reads ${isWhole ? 'metrics by a name that is worked out' : read}${which} ${WHAT[purpose]}${types}`;
}

function needsOf(look: Look, deviceTypes: readonly DeviceType[]): readonly PurposeNeed[] {
  const [root = '', ...rest] = look.read.split('.');
  switch (root) {
    case 'place':
    case 'position':
    case 'visit':
      return [{ ...look, purpose: 'location_offers' }];
    case 'event':
      return [{ ...look, purpose: 'device_offers' }];
    case 'metrics':
      return metricsMeant(rest.join('.'), deviceTypes).flatMap((metric) =>
        needsOfMetric(look, metric, deviceTypes),
      );
    default:
      return [];
  }
}

function needsOfMetric(
  look: Look,
  metric: string,
  deviceTypes: readonly DeviceType[],
): readonly PurposeNeed[] {
  return [...typesByPurpose(metric, deviceTypes)].map(([purpose, types]) => ({
    ...look,
    purpose,
    metric,
    ...(types.length === 0 ? {} : { deviceTypes: types.map(({ id }) => id) }),
  }));
}

/** What must have been agreed to for a metric, each with the device types that ask for it: none where no type knows the metric. */
function typesByPurpose(
  metric: string,
  deviceTypes: readonly DeviceType[],
): ReadonlyMap<Purpose, readonly DeviceType[]> {
  const types = Map.groupBy(
    deviceTypes.filter((type) => Object.hasOwn(type.metrics, metric)),
    (type) => purposeOfSensitivity(type.metrics[metric]?.sensitivity ?? 'none'),
  );
  return types.size === 0 ? new Map([['device_offers', []]]) : types;
}

/**
 * Names of the metrics that a dotted name may be about. `metrics` as a whole, or a name worked out at run time, may be any, also
 * one that no type describes. A name may itself hold dots, and what follows it may be a part of the value (`metrics.note.size`).
 */
function metricsMeant(name: string, deviceTypes: readonly DeviceType[]): readonly string[] {
  const known = new Set(deviceTypes.flatMap((type) => Object.keys(type.metrics)));
  if (name === '') return [...known, ANY_OTHER];
  const meant = [...known].filter((one) => name === one || name.startsWith(`${one}.`));
  return meant.length === 0 ? [name] : meant;
}

/** Stands for the metrics that no device type describes; no metric has this name. */
const ANY_OTHER = '';

/** What a person must have agreed to before a rule may see a metric: all that device types by which it is described ask for. */
export function purposesOfMetric(name: string, deviceTypes: readonly DeviceType[]): readonly Purpose[] {
  return [...typesByPurpose(name, deviceTypes).keys()];
}

function purposeOfSensitivity(sensitivity: Sensitivity): Purpose {
  switch (sensitivity) {
    case 'health':
      return 'health_offers';
    case 'location':
      return 'location_offers';
    case 'none':
      return 'device_offers';
  }
}
