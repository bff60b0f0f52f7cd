import fc from 'fast-check';
import { getGreatCircleBearing } from 'geolib';
import { describe, expect, it } from 'vitest';
import { bearingDegrees } from '../../rules/geometry/sphere.ts';

const point = fc.record({
  lat: fc.double({ min: -89.9, max: 89.9, noNaN: true }),
  lon: fc.double({ min: -180, max: 180, noNaN: true }),
});

describe('a bearing', () => {
  it('is that of geolib', () => {
    fc.assert(
      fc.property(point, point, (from, to) => {
        const difference = Math.abs(bearingDegrees(from, to) - getGreatCircleBearing(from, to));
        expect(Math.min(difference, 360 - difference)).toBeLessThan(1e-6);
      }),
    );
  });

  it.each([
    [{ lat: 1, lon: 0 }, 0],
    [{ lat: 0, lon: 1 }, 90],
    [{ lat: -1, lon: 0 }, 180],
    [{ lat: 0, lon: -1 }, 270],
  ])('goes clockwise from north: to %j', (to, expected) => {
    expect(bearingDegrees({ lat: 0, lon: 0 }, to)).toBeCloseTo(expected, 9);
  });
});
