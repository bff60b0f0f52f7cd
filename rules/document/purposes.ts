import type { DeviceType, Sensitivity } from '../readings/device-type.ts';
import { PURPOSES, type Purpose } from '../step.ts';
import type { Trigger } from './trigger.ts';

/**
 * What a person must have agreed to for a rule to send, as a union over its trigger, its condition, and what its offer's texts
 * read (else a lock screen would show a heart rate to somebody who never agreed to its use): a place, position or visit →
 * `location_offers`; a metric of sensitivity `health` → `health_offers`; any other metric, or an event → `device_offers`. A metric of sensitivity
 * `location` tells where somebody is, and counts as location.
 *
 * @param reads dotted names that the condition and the offers read
 */
export function purposesOfReads(
  trigger: Trigger,
  reads: readonly string[],
  deviceTypes: readonly DeviceType[],
): readonly Purpose[] {
  const needed = new Set<Purpose>();
  switch (trigger.kind) {
    case 'place':
      needed.add('location_offers');
      break;
    case 'metric':
      for (const purpose of purposesOfMetric(trigger.name, deviceTypes)) needed.add(purpose);
      break;
    case 'event':
      needed.add('device_offers');
      break;
  }
  for (const read of reads) {
    const [root = '', ...rest] = read.split('.');
    if (root === 'place' || root === 'position' || root === 'visit') needed.add('location_offers');
    if (root !== 'metrics') continue;
    for (const purpose of purposesOfMetric(rest.join('.'), deviceTypes)) needed.add(purpose);
  }
  return PURPOSES.filter((purpose) => needed.has(purpose));
}

/** `metrics` as a whole, or a name worked out at run time, may be any metric. */
function purposesOfMetric(name: string, deviceTypes: readonly DeviceType[]): readonly Purpose[] {
  const metrics = deviceTypes.flatMap((type) => Object.entries(type.metrics));
  const meant = metrics.filter(([known]) => name === '' || known === name);
  if (meant.length === 0) return ['device_offers'];
  return meant.map(([, metric]) => purposeOfSensitivity(metric.sensitivity));
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
