import { describe, expect, it } from 'vitest';
import { gatherClusters } from '../../dashboard/console/live-map/gather-clusters.ts';

/** 24 marks across and 16 down over two degrees. */
const GRID = Array.from({ length: 24 * 16 }, (_, index) => ({
  lat: 45 + (index % 16) / 8,
  lon: 9 + Math.floor(index / 16) / 12,
  places: 1 + (index % 7),
}));
const total = (clusters: readonly { places: number }[]) =>
  clusters.reduce((sum, { places }) => sum + places, 0);

describe('marks of many places', () => {
  it('are fewer where the map is small, and count the same', () => {
    // At zoom 7 a degree is 182 pixels: as on a phone.
    const gathered = gatherClusters(GRID, 7.4);
    expect(gathered.length).toBeLessThan(80);
    expect(gathered.length).toBeGreaterThan(30);
    expect(total(gathered)).toBe(total(GRID));
  });

  it('stay as they are where there is room', () => {
    expect(gatherClusters(GRID, 12)).toEqual(GRID);
    expect(gatherClusters([], 3)).toEqual([]);
  });

  it('lie where their places do', () => {
    const [one] = gatherClusters(
      [
        { lat: 45.1, lon: 9.1, places: 3 },
        { lat: 45.2, lon: 9.2, places: 1 },
      ],
      3,
    );
    expect(one?.places).toBe(4);
    expect(one?.lat).toBeCloseTo(45.125, 9);
    expect(one?.lon).toBeCloseTo(9.125, 9);
  });
});
