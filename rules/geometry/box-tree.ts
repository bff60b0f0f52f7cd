import Flatbush from 'flatbush';
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
 * An index of shapes that is never changed, and of which a changed copy costs by the size of the change. All items lie in the order of a
 * Hilbert curve (as in a packed Hilbert R-tree, Kamel and Faloutsos 1993), cut into chunks of some 200 as in a B-tree; a change writes
 * anew the chunks that it concerns, and the small tree over the boxes of the chunks (1.5 ms where there are a million shapes). So
 * no call ever rebuilds the whole, and a lookup goes through one tree, whatever edits led to it.
 */
export interface BoxTree<T extends Shaped> {
  readonly chunks: readonly Chunk<T>[];
  /** Over the boxes of the chunks; null where there are none. */
  readonly top: Flatbush | null;
  /** Those of all chunks, side by side: a lookup touches a chunk only where one of its groups may hold the point. */
  readonly groupBoxes: Float32Array;
}

interface Chunk<T extends Shaped> extends Items<T> {
  /** Of each group of neighbours in the order, as many as a chunk can have; those that it has not hold nothing. */
  readonly groupBoxes: Float32Array;
  readonly box: Box;
}

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
  return { chunks: [], top: null, groupBoxes: new Float32Array() };
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
  if (chunks.length === 0) return emptyTree();
  const top = new Flatbush(chunks.length, undefined, Float32Array);
  const groupBoxes = new Float32Array(4 * GROUPS * chunks.length);
  // Chunks' boxes have 32 bits already.
  for (const [index, { box, groupBoxes: own }] of chunks.entries()) {
    top.add(box.west, box.south, box.east, box.north);
    groupBoxes.set(own, 4 * GROUPS * index);
  }
  top.finish();
  return { chunks, top, groupBoxes };
}

/** The owners of all items that hold a point: an owner once for each of its parts that do. */
export function ownersAt<T extends Shaped>(tree: BoxTree<T>, lat: number, lon: number): T[] {
  const found: T[] = [];
  const { chunks, top, groupBoxes } = tree;
  if (top === null) return found;
  for (const index of top.search(lon, lat, lon, lat)) {
    const first = 4 * GROUPS * index;
    for (let at = first; at < first + 4 * GROUPS; at += 4) {
      if (lon < (groupBoxes[at] as number) || lon > (groupBoxes[at + 2] as number)) continue;
      if (lat < (groupBoxes[at + 1] as number) || lat > (groupBoxes[at + 3] as number)) continue;
      collectInGroup(chunks[index] as Chunk<T>, (at - first) >> 2, lat, lon, found);
    }
  }
  return found;
}

function collectInGroup<T extends Shaped>(
  chunk: Chunk<T>,
  group: number,
  lat: number,
  lon: number,
  found: T[],
): void {
  const { boxes, owners } = chunk;
  const end = Math.min(4 * GROUP * (group + 1), boxes.length);
  for (let at = 4 * GROUP * group; at < end; at += 4) {
    if (lon < (boxes[at] as number) || lon > (boxes[at + 2] as number)) continue;
    if (lat < (boxes[at + 1] as number) || lat > (boxes[at + 3] as number)) continue;
    const item = at >> 2;
    if (itemHolds(chunk, item, lat, lon, vectorOf(lat, lon))) found.push(owners[item] as T);
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

/** Adds the owners of all items whose box touches a box of the turn of the globe within ±180. */
export function ownersInBox<T extends Shaped>({ chunks, top }: BoxTree<T>, box: Box, found: Set<T>): void {
  if (top === null) return;
  const { west, south, east, north } = box;
  for (const index of top.search(west, south, east, north)) {
    const { boxes, owners } = chunks[index] as Chunk<T>;
    for (let at = 0; at < boxes.length; at += 4) {
      if (east < (boxes[at] as number) || west > (boxes[at + 2] as number)) continue;
      if (north < (boxes[at + 1] as number) || south > (boxes[at + 3] as number)) continue;
      found.add(owners[at >> 2] as T);
    }
  }
}
