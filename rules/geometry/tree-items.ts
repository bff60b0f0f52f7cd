import { hilbertKey } from './hilbert.ts';
import type { Box } from './path.ts';
import { containsInPart, partBoxesOf, type Shape } from './shape.ts';
import { squaredChord, type UnitVector, unitVector } from './sphere.ts';

/** What the tree holds: something with an id and a shape. */
export interface Shaped {
  readonly place: { readonly id: string };
  readonly shape: Shape;
}

/**
 * Entries of the tree in order: a shape has one for each of its parts, and a second one where a part reaches over the date line. Numbers lie
 * side by side in two arrays, so that a lookup goes through memory from front to back, and an entry takes 64 bytes.
 */
export interface Items<T extends Shaped> {
  readonly owners: readonly T[];
  /** West, south, east, north of each; rounded outwards to 32 bits. */
  readonly boxes: Float32Array;
  /** Five of each: its key; then of a circle the middle as a unit vector and the square of its chord, of another part its number, the
   * turn of the globe, 0 and NaN. */
  readonly numbers: Float64Array;
}

const NUMBERS = 5;
const BOX = 4;
/** About 1 m: more than a longitude loses in 32 bits, and far more than the formulas of boxes and circles differ by. */
const PAD_DEGREES = 1e-5;
/** Beyond ±180 a box need not reach, for points are within. */
const FURTHEST_LON = 180.001;

/**
 * Shapes of one size come together, in the order of the curve: a few large ones among small ones would else make the boxes of leaves large in
 * which lookups then find nothing. In degrees; some 2 and 20 km.
 */
const SIZE_CLASSES = [0.02, 0.2] as const;
const KEYS_A_CLASS = 2 ** 48;

function keyOf({ west, south, east, north }: Box): number {
  const extent = Math.max(east - west, north - south);
  const sizeClass = SIZE_CLASSES.filter((limit) => extent > limit).length;
  return sizeClass * KEYS_A_CLASS + hilbertKey((south + north) / 2, (west + east) / 2);
}

/** The items of all parts of some shapes, in order. */
export function itemsOf<T extends Shaped>(shaped: readonly T[]): Items<T> {
  const owners: T[] = [];
  const boxes: number[] = [];
  const numbers: number[] = [];
  for (const owner of shaped) {
    const { shape } = owner;
    for (const [part, box] of partBoxesOf(shape).entries()) {
      for (const turn of turnsOf(box)) {
        const west = Math.max(box.west - turn - PAD_DEGREES, -FURTHEST_LON);
        const east = Math.min(box.east - turn + PAD_DEGREES, FURTHEST_LON);
        const [south, north] = [box.south - PAD_DEGREES, box.north + PAD_DEGREES];
        owners.push(owner);
        boxes.push(west, south, east, north);
        numbers.push(keyOf({ west, south, east, north }));
        if (shape.kind === 'circle') {
          const { x, y, z } = unitVector(shape.lat, shape.lon);
          numbers.push(x, y, z, squaredChord(shape.radiusMetres));
        } else numbers.push(part, turn, 0, Number.NaN);
      }
    }
  }
  return inOrder({ owners, boxes, numbers });
}

/** The turns of the globe on which a box shows between −180 and 180. */
function turnsOf(box: Box): number[] {
  if (box.west <= -180 && box.east >= 180) return [0];
  return [0, 360, -360].filter((turn) => box.west - turn <= 180 && box.east - turn >= -180);
}

/** The upper 32 of a key's 50 bits, and a position of 21 bits, fill the 53 bits of a number. */
const LOWER_KEYS = 2 ** 18;
const MOST_POSITIONS = 2 ** 21;

function inOrder<T extends Shaped>(columns: {
  readonly owners: readonly T[];
  readonly boxes: readonly number[];
  readonly numbers: readonly number[];
}): Items<T> {
  const { owners, boxes, numbers } = columns;
  const count = owners.length;
  const order = orderOf(columns);
  const sorted = {
    owners: Array.from(order, (position) => owners[position] as T),
    boxes: new Float32Array(BOX * count),
    numbers: new Float64Array(NUMBERS * count),
  };
  for (let to = 0; to < count; to++) {
    const from = order[to] ?? 0;
    for (let field = 0; field < BOX; field++) sorted.boxes[BOX * to + field] = boxes[BOX * from + field] ?? 0;
    for (let field = 0; field < NUMBERS; field++) {
      sorted.numbers[NUMBERS * to + field] = numbers[NUMBERS * from + field] ?? 0;
    }
  }
  return sorted;
}

/**
 * Positions by key, then id, part and turn. Numbers are sorted many times as fast as positions are by a comparison: so the upper bits of
 * the key go into one number with the position, and only runs of equal upper bits are compared.
 */
function orderOf<T extends Shaped>(columns: Columns<T>): Uint32Array {
  const count = columns.owners.length;
  const order = Uint32Array.from({ length: count }, (_, position) => position);
  const byAll = (a: number, b: number) => compareItems(columns, a, columns, b);
  if (count > MOST_POSITIONS) return order.sort(byAll);
  const upper = (position: number) => Math.floor((columns.numbers[NUMBERS * position] ?? 0) / LOWER_KEYS);
  const sorted = Float64Array.from(order, (position) => upper(position) * MOST_POSITIONS + position).sort();
  for (let index = 0; index < count; index++) order[index] = (sorted[index] ?? 0) % MOST_POSITIONS;
  for (let start = 0; start < count; ) {
    let end = start + 1;
    while (end < count && upper(order[end] ?? 0) === upper(order[start] ?? 0)) end += 1;
    if (end - start > 1) order.subarray(start, end).sort(byAll);
    start = end;
  }
  return order;
}

interface Columns<T extends Shaped> {
  readonly owners: readonly T[];
  readonly numbers: ArrayLike<number>;
}

/** Less than 0 where item `i` of the one comes before item `j` of the other, 0 where they are alike. */
export function compareItems<T extends Shaped>(a: Columns<T>, i: number, b: Columns<T>, j: number): number {
  const byKey = (a.numbers[NUMBERS * i] ?? 0) - (b.numbers[NUMBERS * j] ?? 0);
  if (byKey !== 0) return byKey;
  const [idA, idB] = [a.owners[i]?.place.id ?? '', b.owners[j]?.place.id ?? ''];
  if (idA !== idB) return idA < idB ? -1 : 1;
  const byPart = (a.numbers[NUMBERS * i + 1] ?? 0) - (b.numbers[NUMBERS * j + 1] ?? 0);
  return byPart !== 0 ? byPart : (a.numbers[NUMBERS * i + 2] ?? 0) - (b.numbers[NUMBERS * j + 2] ?? 0);
}

/**
 * Ordered items with a stretch of ordered changes worked in: a changed item takes the place of the one that is alike; those whose owner is
 * in `gone` are left out.
 */
export function mergeItems<T extends Shaped>(
  items: Items<T>,
  changes: Items<T>,
  from: number,
  to: number,
  gone: ReadonlySet<T>,
): Items<T> {
  const most = items.owners.length + to - from;
  const owners: T[] = [];
  const boxes = new Float32Array(BOX * most);
  const numbers = new Float64Array(NUMBERS * most);
  const take = (source: Items<T>, index: number): void => {
    const at = owners.length;
    owners.push(source.owners[index] as T);
    for (let field = 0; field < BOX; field++)
      boxes[BOX * at + field] = source.boxes[BOX * index + field] ?? 0;
    for (let field = 0; field < NUMBERS; field++) {
      numbers[NUMBERS * at + field] = source.numbers[NUMBERS * index + field] ?? 0;
    }
  };
  let old = 0;
  for (let change = from; change < to; change++) {
    let side = -1;
    while (old < items.owners.length) {
      side = compareItems(items, old, changes, change);
      if (side >= 0) break;
      take(items, old++);
    }
    if (side === 0 && old < items.owners.length) old += 1;
    if (!gone.has(changes.owners[change] as T)) take(changes, change);
  }
  while (old < items.owners.length) take(items, old++);
  return sliceItems({ owners, boxes, numbers }, 0, owners.length);
}

export function sliceItems<T extends Shaped>(items: Items<T>, from: number, to: number): Items<T> {
  return {
    owners: items.owners.slice(from, to),
    boxes: items.boxes.slice(BOX * from, BOX * to),
    numbers: items.numbers.slice(NUMBERS * from, NUMBERS * to),
  };
}

/** Whether the part of an item holds a point; `point` is the same one as a unit vector. */
export function itemHolds<T extends Shaped>(
  { owners, numbers }: Items<T>,
  item: number,
  lat: number,
  lon: number,
  point: UnitVector,
): boolean {
  const at = NUMBERS * item;
  const chordSquared = numbers[at + 4] as number;
  if (!Number.isNaN(chordSquared)) {
    const dx = (numbers[at + 1] as number) - point.x;
    const dy = (numbers[at + 2] as number) - point.y;
    const dz = (numbers[at + 3] as number) - point.z;
    return dx * dx + dy * dy + dz * dz <= chordSquared;
  }
  const shape = owners[item]?.shape;
  return (
    shape !== undefined &&
    containsInPart(shape, numbers[at + 1] as number, lat, lon + (numbers[at + 2] as number))
  );
}
