const BITS = 24;
const CELLS = 2 ** BITS;
const LAST_CELL = CELLS - 1;

/**
 * Where a point comes on a Hilbert curve over the map, from 0 to 2⁴⁸ - 1: points with near keys are near each other. Cells are some
 * 2 m wide. Computed as in Hacker's Delight (Warren, 2nd ed., §16–2), turned and mirrored from the coarsest square to the finest.
 */
export function hilbertKey(lat: number, lon: number): number {
  let x = cell((lon + 180) / 360);
  let y = cell((lat + 90) / 180);
  let key = 0;
  for (let side = CELLS / 2; side >= 1; side >>= 1) {
    const right = (x & side) === 0 ? 0 : 1;
    const up = (y & side) === 0 ? 0 : 1;
    key = key * 4 + ((3 * right) ^ up);
    if (up === 0) {
      const turned = right === 1 ? LAST_CELL - x : x;
      x = right === 1 ? LAST_CELL - y : y;
      y = turned;
    }
  }
  return key;
}

const cell = (share: number): number => Math.max(0, Math.min(LAST_CELL, Math.floor(share * CELLS)));
