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
 * side by side, so that a lookup goes through memory from front to back; an entry takes 64 bytes, its owner's address included.
 */
export interface Items<T extends Shaped> {
  readonly owners: readonly T[];
  /** Where each comes in the order of all. */
  readonly keys: number[];
  /** West, south, east, north of each; rounded outwards to 32 bits. */
  readonly boxes: number[];
  /** Of a circle the middle as a unit vector and the square of its chord; of another part its number, the turn of the globe, 0 and NaN. */
  readonly numbers: number[];
}

/** Of an item in `boxes` and in `numbers`. */
const FIELDS = 4;
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
  const keys: number[] = [];
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
        keys.push(keyOf({ west, south, east, north }));
        boxes.push(west, south, east, north);
        if (shape.kind === 'circle') {
          const { x, y, z } = unitVector(shape.lat, shape.lon);
          numbers.push(x, y, z, squaredChord(shape.radiusMetres));
        } else numbers.push(part, turn, 0, Number.NaN);
      }
    }
  }
  const columns: Columns<T> = { owners, keys, boxes, numbers };
  const order = orderOf(columns);
  const items = emptyItems<T>(order.length);
  for (const [to, from] of order.entries()) copyItem(columns, from, items, to);
  return items;
}

/** Arrays to be filled. */
interface Columns<T extends Shaped> {
  readonly owners: T[];
  readonly keys: ArrayLike<number>;
  readonly boxes: ArrayLike<number>;
  readonly numbers: ArrayLike<number>;
}

type WritableItems<T extends Shaped> = Items<T> & { readonly owners: T[] };

function emptyItems<T extends Shaped>(count: number): WritableItems<T> {
  return {
    owners: [],
    keys: doubles(count),
    boxes: doubles(FIELDS * count),
    numbers: doubles(FIELDS * count),
  };
}

const doubles = (count: number): number[] => new Array<number>(count).fill(0.5);

function copyItem<T extends Shaped>(
  source: Columns<T>,
  from: number,
  items: WritableItems<T>,
  to: number,
): void {
  items.owners[to] = source.owners[from] as T;
  items.keys[to] = source.keys[from] as number;
  for (let field = 0; field < FIELDS; field++) {
    items.boxes[FIELDS * to + field] = source.boxes[FIELDS * from + field] as number;
    items.numbers[FIELDS * to + field] = source.numbers[FIELDS * from + field] as number;
  }
}

/** The turns of the globe on which a box shows between −180 and 180. */
function turnsOf(box: Box): number[] {
  if (box.west <= -180 && box.east >= 180) return [0];
  return [0, 360, -360].filter((turn) => box.west - turn <= 180 && box.east - turn >= -180);
}

/** The upper 32 of a key's 50 bits, and a position of 21 bits, fill the 53 bits of a number. */
const LOWER_KEYS = 2 ** 18;
const MOST_POSITIONS = 2 ** 21;

/**
 * Positions by key, then id, part and turn. Numbers are sorted many times as fast as positions are by a comparison: so the upper bits of
 * the key go into one number with the position, and only runs of equal upper bits are compared.
 */
function orderOf<T extends Shaped>(columns: Columns<T>): Uint32Array {
  const count = columns.owners.length;
  const order = Uint32Array.from({ length: count }, (_, position) => position);
  const byAll = (a: number, b: number) => compareItems(columns, a, columns, b);
  if (count > MOST_POSITIONS) return order.sort(byAll);
  const upper = (position: number) => Math.floor((columns.keys[position] ?? 0) / LOWER_KEYS);
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

interface Ordered<T extends Shaped> {
  readonly owners: readonly T[];
  readonly keys: ArrayLike<number>;
  readonly numbers: ArrayLike<number>;
}

/** Less than 0 where item `i` of the one comes before item `j` of the other, 0 where they are alike. */
export function compareItems<T extends Shaped>(a: Ordered<T>, i: number, b: Ordered<T>, j: number): number {
  const byKey = (a.keys[i] ?? 0) - (b.keys[j] ?? 0);
  if (byKey !== 0) return byKey;
  const [idA, idB] = [a.owners[i]?.place.id ?? '', b.owners[j]?.place.id ?? ''];
  if (idA !== idB) return idA < idB ? -1 : 1;
  const byPart = (a.numbers[FIELDS * i] ?? 0) - (b.numbers[FIELDS * j] ?? 0);
  return byPart !== 0 ? byPart : (a.numbers[FIELDS * i + 1] ?? 0) - (b.numbers[FIELDS * j + 1] ?? 0);
}

/** The first item of a stretch that does not come before item `j` of others. */
export function firstNotBefore<T extends Shaped>(
  items: Items<T>,
  from: number,
  to: number,
  others: Items<T>,
  j: number,
): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareItems(items, middle, others, j) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
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
  const count = items.owners.length;
  // Where each change goes, as the number of old items before it, and whether it replaces the next one: then the size is known.
  const places: number[] = [];
  const replaces: boolean[] = [];
  let size = count;
  let old = 0;
  for (let change = from; change < to; change++) {
    old = firstNotBefore(items, old, count, changes, change);
    const isReplaced = old < count && compareItems(items, old, changes, change) === 0;
    places.push(old);
    replaces.push(isReplaced);
    if (isReplaced) {
      old += 1;
      size -= 1;
    }
    if (!gone.has(changes.owners[change] as T)) size += 1;
  }
  const merged = emptyItems<T>(size);
  old = 0;
  // Stretches without a change are copied at once.
  const copyUpTo = (end: number): void => {
    if (end === old) return;
    const at = merged.owners.length;
    for (let index = old; index < end; index++) merged.owners.push(items.owners[index] as T);
    for (let index = old; index < end; index++) merged.keys[at + index - old] = items.keys[index] as number;
    const shift = FIELDS * (at - old);
    for (let index = FIELDS * old; index < FIELDS * end; index++) {
      merged.boxes[index + shift] = items.boxes[index] as number;
      merged.numbers[index + shift] = items.numbers[index] as number;
    }
    old = end;
  };
  for (let change = from; change < to; change++) {
    copyUpTo(places[change - from] as number);
    if (replaces[change - from]) old += 1;
    if (gone.has(changes.owners[change] as T)) continue;
    copyItem(changes as WritableItems<T>, change, merged, merged.owners.length);
  }
  copyUpTo(count);
  return merged;
}

export function sliceItems<T extends Shaped>(items: Items<T>, from: number, to: number): Items<T> {
  return {
    owners: items.owners.slice(from, to),
    keys: items.keys.slice(from, to),
    boxes: items.boxes.slice(FIELDS * from, FIELDS * to),
    numbers: items.numbers.slice(FIELDS * from, FIELDS * to),
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
  const at = FIELDS * item;
  const chordSquared = numbers[at + 3] as number;
  if (!Number.isNaN(chordSquared)) {
    const dx = (numbers[at] as number) - point.x;
    const dy = (numbers[at + 1] as number) - point.y;
    const dz = (numbers[at + 2] as number) - point.z;
    return dx * dx + dy * dy + dz * dz <= chordSquared;
  }
  const shape = owners[item]?.shape;
  return (
    shape !== undefined &&
    containsInPart(shape, numbers[at] as number, lat, lon + (numbers[at + 1] as number))
  );
}
