import type { Box } from './path.ts';
import { type UnitVector, unitVector } from './sphere.ts';
import {
  compareItems,
  firstNotBefore,
  type Items,
  itemHolds,
  itemsOf,
  mergeItems,
  type Shaped,
  sliceItems,
} from './tree-items.ts';

/**
 * An index of shapes that is never changed, and of which a changed copy costs by the size of the change. It is a packed Hilbert R-tree
 * (Kamel and Faloutsos 1993): all items lie in the order of a Hilbert curve, cut into chunks of some 200 as in a B-tree, and above the
 * chunks are the boxes of 16 of them, of 16 of those, and so on. A change writes anew the chunks that it concerns and the boxes above (a
 * third of a millisecond where there are a million shapes). So no call ever rebuilds the whole, as a static tree must, and a lookup goes
 * through one tree, whatever edits led to it.
 */
export interface BoxTree<T extends Shaped> {
  readonly chunks: readonly Chunk<T>[];
  /** The boxes of the chunks, then of every 16 of the level before; the last level has at most 16. As in `Items`, side by side. */
  readonly levels: readonly Float32Array[];
  /** Those of all chunks, side by side: a lookup touches the items of a chunk only where one of its groups may hold the point. */
  readonly groupBoxes: Float32Array;
  /** Of the items of each chunk: a chunk itself is touched only where an item may hold the point. */
  readonly itemBoxes: readonly (readonly number[])[];
}

interface Chunk<T extends Shaped> extends Items<T> {
  /** Of each group of neighbours in the order, as many as a chunk can have; those that it has not hold nothing. */
  readonly groupBoxes: Float32Array;
  readonly box: Box;
}

/** Boxes in a node above the chunks. */
const NODE = 16;
const MOST_ITEMS = 256;
/** Where a chunk is made, so that it has room for what comes. */
const USUAL_ITEMS = 192;
/** Neighbours that have no more items than this together become one. */
const SPARSE_ITEMS = 96;
/** Items in a group. */
const GROUP = 16;
/** In a chunk. */
const GROUPS = MOST_ITEMS / GROUP;

export function emptyTree<T extends Shaped>(): BoxTree<T> {
  return { chunks: [], levels: [], groupBoxes: new Float32Array(), itemBoxes: [] };
}

/** @param removed must be in the tree, as the same objects */
export function changeTree<T extends Shaped>(
  { chunks }: BoxTree<T>,
  removed: readonly T[],
  added: readonly T[],
): BoxTree<T> {
  const changes = itemsOf([...removed, ...added]);
  const gone = new Set(removed);
  const total = changes.owners.length;
  const changed: Chunk<T>[] = [];
  let from = 0;
  // Without a chunk yet, all goes into one.
  for (const [index, chunk] of (chunks.length === 0 ? [chunkOf(itemsOf<T>([]))] : chunks).entries()) {
    const next = chunks[index + 1];
    const isConcerned = from < total && (next === undefined || compareItems(changes, from, next, 0) < 0);
    if (!isConcerned) {
      changed.push(chunk);
      continue;
    }
    const to = next === undefined ? total : firstNotBefore(changes, from, total, next, 0);
    for (const one of cut(mergeItems(chunk, changes, from, to, gone))) pushOrJoin(changed, one);
    from = to;
  }
  return treeOf(changed);
}

function pushOrJoin<T extends Shaped>(chunks: Chunk<T>[], items: Items<T>): void {
  const last = chunks.at(-1);
  const count = items.owners.length;
  if (last !== undefined && last.owners.length + count <= SPARSE_ITEMS) {
    chunks[chunks.length - 1] = chunkOf(mergeItems(last, items, 0, count, new Set()));
  } else chunks.push(chunkOf(items));
}

/** Into the fewest stretches of the usual length, all about as long; nothing where there are no items. */
function cut<T extends Shaped>(items: Items<T>): readonly Items<T>[] {
  const count = items.owners.length;
  if (count === 0) return [];
  if (count <= MOST_ITEMS) return [items];
  const parts = Math.ceil(count / USUAL_ITEMS);
  return Array.from({ length: parts }, (_, part) =>
    sliceItems(items, Math.floor((count * part) / parts), Math.floor((count * (part + 1)) / parts)),
  );
}

function chunkOf<T extends Shaped>(items: Items<T>): Chunk<T> {
  const groupBoxes = new Float32Array(4 * GROUPS);
  for (let group = 0; group < GROUPS; group++) {
    groupBoxes.set(boxAround(items.boxes, 4 * GROUP * group, 4 * GROUP * (group + 1)), 4 * group);
  }
  const [west, south, east, north] = boxAround(groupBoxes, 0, groupBoxes.length);
  const { owners, keys, boxes, numbers } = items;
  return { owners, keys, boxes, numbers, groupBoxes, box: { west, south, east, north } };
}

/** Round no box at all: a box that holds nothing. */
function boxAround(
  boxes: ArrayLike<number>,
  from: number,
  to: number,
): readonly [number, number, number, number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = from; at < Math.min(to, boxes.length); at += 4) {
    west = Math.min(west, boxes[at] as number);
    south = Math.min(south, boxes[at + 1] as number);
    east = Math.max(east, boxes[at + 2] as number);
    north = Math.max(north, boxes[at + 3] as number);
  }
  return [west, south, east, north];
}

function treeOf<T extends Shaped>(chunks: readonly Chunk<T>[]): BoxTree<T> {
  const groupBoxes = new Float32Array(4 * GROUPS * chunks.length);
  let boxes = new Float32Array(4 * chunks.length);
  for (const [index, { box, groupBoxes: own }] of chunks.entries()) {
    // Chunks' boxes have 32 bits already.
    boxes[4 * index] = box.west;
    boxes[4 * index + 1] = box.south;
    boxes[4 * index + 2] = box.east;
    boxes[4 * index + 3] = box.north;
    groupBoxes.set(own, 4 * GROUPS * index);
  }
  const levels = [boxes];
  while (boxes.length > 4 * NODE) {
    const above = new Float32Array(4 * Math.ceil(boxes.length / (4 * NODE)));
    for (let at = 0; at < above.length; at += 4) above.set(boxAround(boxes, NODE * at, NODE * (at + 4)), at);
    levels.push(above);
    boxes = above;
  }
  return { chunks, levels, groupBoxes, itemBoxes: chunks.map((chunk) => chunk.boxes) };
}

/** Adds the positions of the chunks whose box touches a box, from those under one node of a level on. */
function collectChunks(
  levels: readonly Float32Array[],
  level: number,
  first: number,
  west: number,
  south: number,
  east: number,
  north: number,
  found: number[],
): void {
  const boxes = levels[level] as Float32Array;
  const end = Math.min(4 * (first + NODE), boxes.length);
  for (let at = 4 * first; at < end; at += 4) {
    if (east < (boxes[at] as number) || west > (boxes[at + 2] as number)) continue;
    if (north < (boxes[at + 1] as number) || south > (boxes[at + 3] as number)) continue;
    if (level === 0) found.push(at >> 2);
    else collectChunks(levels, level - 1, NODE * (at >> 2), west, south, east, north, found);
  }
}

/** The owners of all items that hold a point: an owner once for each of its parts that do. */
export function ownersAt<T extends Shaped>(tree: BoxTree<T>, lat: number, lon: number): T[] {
  const found: T[] = [];
  const near: number[] = [];
  const { chunks, levels, groupBoxes, itemBoxes } = tree;
  if (levels.length > 0) collectChunks(levels, levels.length - 1, 0, lon, lat, lon, lat, near);
  for (const index of near) {
    const first = 4 * GROUPS * index;
    for (let at = first; at < first + 4 * GROUPS; at += 4) {
      if (lon < (groupBoxes[at] as number) || lon > (groupBoxes[at + 2] as number)) continue;
      if (lat < (groupBoxes[at + 1] as number) || lat > (groupBoxes[at + 3] as number)) continue;
      const boxes = itemBoxes[index] as readonly number[];
      collectInGroup(boxes, chunks, index, (at - first) >> 2, lat, lon, found);
    }
  }
  return found;
}

function collectInGroup<T extends Shaped>(
  boxes: readonly number[],
  chunks: readonly Chunk<T>[],
  index: number,
  group: number,
  lat: number,
  lon: number,
  found: T[],
): void {
  const end = Math.min(4 * GROUP * (group + 1), boxes.length);
  for (let at = 4 * GROUP * group; at < end; at += 4) {
    if (lon < (boxes[at] as number) || lon > (boxes[at + 2] as number)) continue;
    if (lat < (boxes[at + 1] as number) || lat > (boxes[at + 3] as number)) continue;
    const item = at >> 2;
    const chunk = chunks[index] as Chunk<T>;
    if (itemHolds(chunk, item, lat, lon, vectorOf(lat, lon))) found.push(chunk.owners[item] as T);
  }
}

let lastLat = Number.NaN;
let lastLon = Number.NaN;
let lastVector: UnitVector = { x: 0, y: 0, z: 0 };

/** Of the same point it is computed once, and only when a box holds it: most points are in none. */
function vectorOf(lat: number, lon: number): UnitVector {
  if (lat !== lastLat || lon !== lastLon) {
    lastVector = unitVector(lat, lon);
    lastLat = lat;
    lastLon = lon;
  }
  return lastVector;
}

/**
 * Adds the owners of all items whose box touches a box of the turn of the globe within ±180: an owner once for each of its parts.
 *
 * @param boxes where given, the box of each is added: west, south, east, north
 */
export function itemsInBox<T extends Shaped>(
  tree: BoxTree<T>,
  { west, south, east, north }: Box,
  found: T[],
  boxes?: number[],
): void {
  const near: number[] = [];
  const { chunks, levels } = tree;
  if (levels.length > 0) collectChunks(levels, levels.length - 1, 0, west, south, east, north, near);
  for (const index of near) {
    const { boxes: own, owners } = chunks[index] as Chunk<T>;
    for (let at = 0; at < own.length; at += 4) {
      if (east < (own[at] as number) || west > (own[at + 2] as number)) continue;
      if (north < (own[at + 1] as number) || south > (own[at + 3] as number)) continue;
      found.push(owners[at >> 2] as T);
      boxes?.push(own[at] as number, own[at + 1] as number, own[at + 2] as number, own[at + 3] as number);
    }
  }
}
