import type { MetricValue } from '../../rules/readings/reading.ts';
import type { Drafts } from './drafts.ts';
import { positionPartOf } from './position-parts.ts';

/** A metric with its name and its meaning, as its birth told them. */
export interface Named {
  readonly at: number | undefined;
  readonly name: string;
  readonly value: MetricValue;
  readonly unit: string | undefined;
}

/** Parts of a position are told by the last word of their names, and belong together where the words before it are the same. */
export function addAll(drafts: Drafts, named: readonly Named[], prefix: string): void {
  const places = new Map<string, Set<string>>();
  const placeOf = ({ at, name }: Named) => `${at} ${stemOf(name)}`;
  const partOf = ({ name, value, unit }: Named) =>
    typeof value === 'number' ? positionPartOf(name.slice(stemOf(name).length), value, unit) : null;
  for (const metric of named) {
    const field = partOf(metric)?.field;
    if (field !== 'lat' && field !== 'lon') continue;
    const place = placeOf(metric);
    const fields = places.get(place);
    if (fields === undefined) places.set(place, new Set([field]));
    else fields.add(field);
  }
  for (const metric of named) {
    const { at, name, value, unit } = metric;
    const part = places.get(placeOf(metric))?.size === 2 ? partOf(metric) : null;
    // The device behind a node that is not registered is elsewhere than the node.
    if (part !== null && prefix === '') drafts.addPosition(at, part.field, part.value);
    else drafts.addMetric(at, prefix + name, value, unit);
  }
}

/** All of a name up to its last word: `Position/` of `Position/Latitude`. */
function stemOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}
