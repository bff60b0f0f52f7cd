import Flatbush from 'flatbush';
import type { Box } from './path.ts';
import { containsInPart, partBoxesOf, type Shape } from './shape.ts';

/** Which shapes hold a point. Static: a changed set of shapes gets a new index, built aside. */
export interface ShapeIndex {
  /** Positions in the list that the index was built from, ascending, each once. Points on an edge count. */
  containing(lat: number, lon: number): readonly number[];
}

/** One box of the tree: a circle or one polygon, on one turn of the globe. */
interface Item {
  readonly shape: number;
  readonly polygon: number;
  /** Degrees to add to a longitude within ±180 to be in the polygon's run. */
  readonly turn: number;
  readonly box: Box;
}

/** About 1 cm: the box of a circle is computed by another formula than the circle's test, and may be a hair too small. */
const PAD_DEGREES = 1e-7;
const NOTHING: readonly number[] = [];

/**
 * Builds the index in O(n log n): 100,000 circles take about 0.1 s. A box that passes ±180° is put in twice, once for each side of the
 * date line; a point is then looked up once, with its longitude within ±180.
 */
export function buildShapeIndex(shapes: readonly Shape[]): ShapeIndex {
  const items = shapes.flatMap(itemsOf);
  // Flatbush refuses an empty tree.
  if (items.length === 0) return { containing: () => NOTHING };
  const tree = new Flatbush(items.length);
  for (const { box, turn } of items) {
    tree.add(
      box.west - turn - PAD_DEGREES,
      box.south - PAD_DEGREES,
      box.east - turn + PAD_DEGREES,
      box.north + PAD_DEGREES,
    );
  }
  tree.finish();
  // One closure for all lookups: it reads the point from here and leaves what it finds here, so that a lookup allocates next to
  // nothing.
  const hits: number[] = [];
  let lat = 0;
  let lon = 0;
  const isInside = ({ shape: number, polygon: part, turn }: Item): boolean => {
    const shape = shapes[number];
    if (shape === undefined) return false;
    return containsInPart(shape, part, lat, lon + turn);
  };
  /** Leaves Flatbush's own list empty. */
  const collect = (position: number): false => {
    const item = items[position];
    if (item !== undefined && isInside(item)) hits.push(item.shape);
    return false;
  };
  return {
    containing(atLat, atLon) {
      lat = atLat;
      lon = atLon;
      hits.length = 0;
      tree.search(lon, lat, lon, lat, collect);
      if (hits.length === 0) return NOTHING;
      // Parts of one multipolygon may overlap or touch.
      return hits.length === 1 ? hits.slice() : [...new Set(hits)].sort((a, b) => a - b);
    },
  };
}

function itemsOf(shape: Shape, position: number): Item[] {
  return partBoxesOf(shape).flatMap((box, polygon) =>
    turnsOf(box).map((turn) => ({ shape: position, polygon, turn, box })),
  );
}

/** The turns of the globe on which a box shows between −180 and 180. */
function turnsOf(box: Box): number[] {
  return [0, 360, -360].filter((turn) => box.west - turn <= 180 && box.east - turn >= -180);
}
