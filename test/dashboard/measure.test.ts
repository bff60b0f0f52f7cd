import { describe, expect, it } from 'vitest';
import { axisSteps, inWords, measureOf } from '../../dashboard/consumer/data/measure.ts';

const UNITS = ['ratio', 'm/s', 'm', 'Pa', '1/min', '°C', 'l', '', 'counts'];
const written = (shown: number, unit: string) =>
  inWords(shown / measureOf(unit).factor, unit, 'en', { yes: 'Yes', no: 'No' });

describe('values beside a chart', () => {
  it.each(UNITS)('of unit "%s" are never so near that two are written alike', (unit) => {
    for (const step of axisSteps(unit).filter((one) => one < 1_000)) {
      const texts = Array.from({ length: 20 }, (_, count) => written(count * step, unit));
      expect(new Set(texts).size).toBe(texts.length);
    }
  });

  it.each(UNITS)('of unit "%s" can be as near as they are told apart', (unit) => {
    const [least = 0] = axisSteps(unit);
    expect(written(least / 10, unit)).toBe(written(0, unit));
  });

  it('stand further apart by 1, 2, 5 and ten times that', () => {
    expect(axisSteps('°C').slice(0, 5)).toEqual([0.1, 0.2, 0.5, 1, 2]);
  });
});
