import { convertUnit } from '../../rules/readings/units.ts';
import type { PositionField } from './drafts.ts';

/** Names that devices give to the parts of a position, in lower case, and the unit in which each is kept. */
const PARTS: ReadonlyMap<string, { readonly field: PositionField; readonly unit: string }> = new Map([
  ['lat', { field: 'lat', unit: 'deg' }],
  ['latitude', { field: 'lat', unit: 'deg' }],
  ['lon', { field: 'lon', unit: 'deg' }],
  ['lng', { field: 'lon', unit: 'deg' }],
  ['longitude', { field: 'lon', unit: 'deg' }],
  ['alt', { field: 'altitude', unit: 'm' }],
  ['altitude', { field: 'altitude', unit: 'm' }],
  ['accuracy', { field: 'accuracy', unit: 'm' }],
  ['speed', { field: 'speed', unit: 'm/s' }],
  ['velocity', { field: 'speed', unit: 'm/s' }],
  ['heading', { field: 'heading', unit: 'deg' }],
  ['bearing', { field: 'heading', unit: 'deg' }],
  ['course', { field: 'heading', unit: 'deg' }],
]);

export interface PositionPart {
  readonly field: PositionField;
  /** In the unit of a position. */
  readonly value: number;
}

/**
 * Which part of a position a value is, by its name and unit, or null. For dialects that send value by value: to be asked only
 * where the device gave latitude and longitude at that time, for a `speed` may also be that of a fan.
 *
 * @param unit undefined where none was sent: then it is taken for the unit of the part
 */
export function positionPartOf(name: string, value: number, unit: string | undefined): PositionPart | null {
  const part = PARTS.get(name.toLowerCase());
  if (part === undefined) return null;
  const converted = unit === undefined ? value : convertUnit(value, unit, part.unit);
  return converted === null ? null : { field: part.field, value: converted };
}
