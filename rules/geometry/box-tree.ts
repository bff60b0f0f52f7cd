import type { Box } from './path.ts';
import { type UnitVector, unitVector } from './sphere.ts';
import {
  compareItems,
  type Items,
  itemHolds,
  itemsOf,
  mergeItems,
  type Shaped,
  sliceItems,
} from './tree-items.ts';

/**
 * A Hilbert R-tree (Kamel and Faloutsos 1994) that is never changed: its leaves hold boxes in the order of a Hilbert curve, and a change makes
 * new nodes only on the way to the leaves that it concerns, as in a B-tree that is written by appending. So an edit costs by its
 * own size times the depth, no call ever rebuilds the whole, and a lookup goes through one tree, whatever edits led to it.
 */
export interface BoxTree<T extends Shaped> {
  readonly root: Node<T>;
}

interface Node<T extends Shaped> {
  /** Of each child, or in a leaf of each item. */
  readonly boxes: Float32Array;
  /** Null in a leaf. */
  readonly children: readonly Node<T>[] | null;
  /** Of a leaf its own; else those of its first leaf, for the first one of them is the least of all. */
  readonly items: Items<T>;
}

/** A leaf is written anew for an edit, and gone through for a lookup. */
const MOST_ITEMS = 64;
const MOST_CHILDREN = 16;
/** Neighbours that together fill less than this share of a node become one. */
const SPARSE = 0.5;

export function emptyTree<T extends Shaped>(): BoxTree<T> {
  return { root: leafOf(itemsOf<T>([])) };
}

function leafOf<T extends Shaped>(items: Items<T>): Node<T> {
  return { boxes: items.boxes, children: null, items };
}

/** @param removed must be in the tree, as the same objects */
export function changeTree<T extends Shaped>(
  tree: BoxTree<T>,
  removed: readonly T[],
  added: readonly T[],
): BoxTree<T> {
  const changes = itemsOf([...removed, ...added]);
  let nodes = applyTo(tree.root, changes, 0, changes.owners.length, new Set(removed));
  while (nodes.length > 1) nodes = parentsOf(nodes);
  let root = nodes[0] ?? emptyTree<T>().root;
  while (root.children?.length === 1) root = root.children[0] as Node<T>;
  return { root };
}

/** What takes the place of a node after a stretch of changes: nothing, one node or several. */
function applyTo<T extends Shaped>(
  node: Node<T>,
  changes: Items<T>,
  from: number,
  to: number,
  gone: ReadonlySet<T>,
): readonly Node<T>[] {
  if (from === to) return [node];
  if (node.children === null) return leavesOf(mergeItems(node.items, changes, from, to, gone));
  const changed: Node<T>[] = [];
  let start = from;
  for (const [index, child] of node.children.entries()) {
    const next = node.children[index + 1];
    const end = next === undefined ? to : firstNotBefore(changes, start, to, next.items);
    for (const one of applyTo(child, changes, start, end, gone)) {
      const joined = joinSparse(changed.at(-1), one);
      if (joined === null) changed.push(one);
      else changed[changed.length - 1] = joined;
    }
    start = end;
  }
  return changed.length === 0 ? [] : parentsOf(changed);
}

/** The first change in a stretch that does not come before the first of some items. */
function firstNotBefore<T extends Shaped>(
  changes: Items<T>,
  from: number,
  to: number,
  items: Items<T>,
): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareItems(changes, middle, items, 0) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function joinSparse<T extends Shaped>(a: Node<T> | undefined, b: Node<T>): Node<T> | null {
  if (a === undefined) return null;
  if (a.children === null || b.children === null) {
    if (a.items.owners.length + b.items.owners.length > MOST_ITEMS * SPARSE) return null;
    return leafOf(mergeItems(a.items, b.items, 0, b.items.owners.length, new Set()));
  }
  if (a.children.length + b.children.length > MOST_CHILDREN * SPARSE) return null;
  return parentOf([...a.children, ...b.children]);
}

function leavesOf<T extends Shaped>(items: Items<T>): readonly Node<T>[] {
  const count = items.owners.length;
  return stretches(count, MOST_ITEMS).map(([from, to]) =>
    leafOf(from === 0 && to === count ? items : sliceItems(items, from, to)),
  );
}

function parentsOf<T extends Shaped>(children: readonly Node<T>[]): readonly Node<T>[] {
  return stretches(children.length, MOST_CHILDREN).map(([from, to]) => parentOf(children.slice(from, to)));
}

function parentOf<T extends Shaped>(children: readonly Node<T>[]): Node<T> {
  const boxes = new Float32Array(4 * children.length);
  for (const [index, child] of children.entries()) boxes.set(boxOfAll(child.boxes), 4 * index);
  return { boxes, children, items: (children[0] as Node<T>).items };
}

function boxOfAll(boxes: Float32Array): readonly [number, number, number, number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < boxes.length; at += 4) {
    west = Math.min(west, boxes[at] as number);
    south = Math.min(south, boxes[at + 1] as number);
    east = Math.max(east, boxes[at + 2] as number);
    north = Math.max(north, boxes[at + 3] as number);
  }
  return [west, south, east, north];
}

/** Cuts a count into the fewest stretches of at most `most`, all about as long. */
function stretches(count: number, most: number): readonly (readonly [number, number])[] {
  const parts = Math.ceil(count / most);
  return Array.from({ length: parts }, (_, part) => [
    Math.floor((count * part) / parts),
    Math.floor((count * (part + 1)) / parts),
  ]);
}

/** The owners of all items that hold a point: an owner once for each of its parts that do. */
export function ownersAt<T extends Shaped>(tree: BoxTree<T>, lat: number, lon: number): readonly T[] {
  const found: T[] = [];
  // Made for the first item that the point may be in: most points are in no box at all.
  let point: UnitVector | null = null;
  const visit = ({ boxes, children, items }: Node<T>): void => {
    for (let at = 0, index = 0; at < boxes.length; at += 4, index++) {
      if (lon < (boxes[at] as number) || lon > (boxes[at + 2] as number)) continue;
      if (lat < (boxes[at + 1] as number) || lat > (boxes[at + 3] as number)) continue;
      if (children !== null) visit(children[index] as Node<T>);
      else {
        point ??= unitVector(lat, lon);
        if (itemHolds(items, index, lat, lon, point)) found.push(items.owners[index] as T);
      }
    }
  };
  visit(tree.root);
  return found;
}

/** The owners of all items whose box touches a box of the turn of the globe within ±180. */
export function ownersInBox<T extends Shaped>(tree: BoxTree<T>, box: Box, found: Set<T>): void {
  const { west, south, east, north } = box;
  const visit = ({ boxes, children, items }: Node<T>): void => {
    for (let at = 0, index = 0; at < boxes.length; at += 4, index++) {
      if (east < (boxes[at] as number) || west > (boxes[at + 2] as number)) continue;
      if (north < (boxes[at + 1] as number) || south > (boxes[at + 3] as number)) continue;
      if (children !== null) visit(children[index] as Node<T>);
      else found.add(items.owners[index] as T);
    }
  };
  visit(tree.root);
}
