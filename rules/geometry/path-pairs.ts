import Flatbush from 'flatbush';
import { UNCERTAIN } from './inside.ts';
import { nearestOnPath } from './nearest.ts';
import { type Box, boxOf, growBox, latOf, lonOf, type Path, pointsOf, touch } from './path.ts';

/** Up to so many pairs of edges are looked at one by one; beyond, a tree over the edges of one path pays. */
const PAIRS_WITHOUT_TREE = 4_096;

/** Whether two paths have a point in common, touching included, in the plane of longitude and latitude. */
export function pathsMeet(a: Path, b: Path): boolean {
  return anyPair(a, b, 0, (edgeA, edgeB) => edgesMeet(a, edgeA, b, edgeB));
}

/**
 * Whether two paths come as near as some metres to each other. Where two edges do not meet, an end of one is the nearest point of the
 * two, so it is as exact as `nearestOnPath`.
 */
export function pathsWithin(a: Path, b: Path, metres: number): boolean {
  return anyPair(a, b, metres, (edgeA, edgeB) => {
    if (edgesMeet(a, edgeA, b, edgeB)) return true;
    const [pathA, pathB] = [edgeOf(a, edgeA), edgeOf(b, edgeB)];
    const isNear = (from: Path, to: Path, end: number) =>
      nearestOnPath(to, latOf(from, end), lonOf(from, end)).metres <= metres;
    return (
      isNear(pathA, pathB, 0) || isNear(pathA, pathB, 1) || isNear(pathB, pathA, 0) || isNear(pathB, pathA, 1)
    );
  });
}

/** A path of one point has one edge, from that point to itself. */
const edgesOf = (path: Path): number => Math.max(1, pointsOf(path) - 1);
const endOf = (path: Path, edge: number): number => Math.min(edge + 1, pointsOf(path) - 1);

/** An edge as a path of its own. */
export function edgeOf(path: Path, edge: number): Path {
  const end = endOf(path, edge);
  return Float64Array.of(lonOf(path, edge), latOf(path, edge), lonOf(path, end), latOf(path, end));
}

/** Whether something holds for a pair of edges whose boxes are at most some metres apart; O((n + m) log n) where they rarely are. */
function anyPair(
  a: Path,
  b: Path,
  metres: number,
  holds: (edgeA: number, edgeB: number) => boolean,
): boolean {
  const all = growBox(boxOf(b), metres);
  const near: number[] = [];
  for (let edge = 0; edge < edgesOf(a); edge++) if (touch(boxOf(edgeOf(a, edge)), all)) near.push(edge);
  if (near.length * edgesOf(b) <= PAIRS_WITHOUT_TREE) {
    const boxes = near.map((edge) => growBox(boxOf(edgeOf(a, edge)), metres));
    for (let edge = 0; edge < edgesOf(b); edge++) {
      const box = boxOf(edgeOf(b, edge));
      if (near.some((edgeA, index) => touchBox(boxes[index], box) && holds(edgeA, edge))) return true;
    }
    return false;
  }
  const tree = treeOfEdges(b);
  return near.some((edgeA) => {
    const { west, south, east, north } = growBox(boxOf(edgeOf(a, edgeA)), metres);
    return tree.collides(west, south, east, north, (edgeB) => holds(edgeA, edgeB));
  });
}

const touchBox = (a: Box | undefined, b: Box): boolean => a !== undefined && touch(a, b);

/** A tree over the boxes of a path's edges. */
export function treeOfEdges(path: Path): Flatbush {
  const tree = new Flatbush(edgesOf(path));
  for (let edge = 0; edge < edgesOf(path); edge++) {
    const { west, south, east, north } = boxOf(edgeOf(path, edge));
    tree.add(west, south, east, north);
  }
  tree.finish();
  return tree;
}

function edgesMeet(a: Path, edgeA: number, b: Path, edgeB: number): boolean {
  if (!touch(boxOf(edgeOf(a, edgeA)), boxOf(edgeOf(b, edgeB)))) return false;
  const [endA, endB] = [endOf(a, edgeA), endOf(b, edgeB)];
  // Where all four are 0 the edges lie on one line, and their boxes touch: so do they.
  return (
    sideOf(a, edgeA, endA, b, edgeB) * sideOf(a, edgeA, endA, b, endB) <= 0 &&
    sideOf(b, edgeB, endB, a, edgeA) * sideOf(b, edgeB, endB, a, endA) <= 0
  );
}

/** 1 where a point lies left of the line through two others, -1 right of it, 0 on it or where rounding leaves that open. */
export function sideOf(line: Path, start: number, end: number, path: Path, point: number): -1 | 0 | 1 {
  const [lon, lat] = [lonOf(path, point), latOf(path, point)];
  const left = (lonOf(line, start) - lon) * (latOf(line, end) - lat);
  const right = (latOf(line, start) - lat) * (lonOf(line, end) - lon);
  const side = left - right;
  if (Math.abs(side) <= UNCERTAIN * (Math.abs(left) + Math.abs(right))) return 0;
  return side > 0 ? 1 : -1;
}
