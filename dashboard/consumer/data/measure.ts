import type { MetricValue } from '../../api/my-data-shapes.ts';

/** How a unit of the device types is shown to a person: times `factor`, then `suffix`. */
export interface Measure {
  readonly factor: number;
  readonly suffix: string;
  readonly digits: number;
  /** What it can't be outside of, in the unit that is shown; a chart shows all of it. */
  readonly range?: readonly [number, number];
}

const MEASURES: Readonly<Record<string, Measure>> = {
  ratio: { factor: 100, suffix: ' %', digits: 0, range: [0, 100] },
  'm/s': { factor: 3.6, suffix: ' km/h', digits: 0 },
  m: { factor: 0.001, suffix: ' km', digits: 1 },
  Pa: { factor: 0.01, suffix: ' hPa', digits: 0 },
  '1/min': { factor: 1, suffix: '/min', digits: 0 },
  '°C': { factor: 1, suffix: ' °C', digits: 1 },
  l: { factor: 1, suffix: ' l', digits: 1 },
};

/** A unit that is not known is shown as it is. */
export function measureOf(unit: string): Measure {
  if (Object.hasOwn(MEASURES, unit)) return MEASURES[unit] as Measure;
  return { factor: 1, suffix: unit === '' ? '' : ` ${unit}`, digits: 2 };
}

/** A value as a person reads it: `45 %`, `Yes`, `Wi-Fi`. */
export function inWords(
  value: MetricValue,
  unit: string,
  locale: string,
  words: { readonly yes: string; readonly no: string },
): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  const { factor, suffix, digits } = measureOf(unit);
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value * factor);
  return `${number}${suffix}`;
}

/** The largest power of ten that values on an axis are apart. */
const MOST_POWER = 15;

/** How far values on an axis may be apart, in the unit that is shown: never so little that two of them would be written alike. */
export function axisSteps(unit: string): readonly number[] {
  const least = -measureOf(unit).digits;
  const powers = Array.from({ length: MOST_POWER - least + 1 }, (_, index) => least + index);
  // By their text: a product would not be the nearest number to 0.02.
  return powers.flatMap((power) => [1, 2, 5].map((times) => Number(`${times}e${power}`)));
}
