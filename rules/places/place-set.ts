import { type BoxTree, changeTree, emptyTree, itemsInBox, ownersAt } from '../geometry/box-tree.ts';
import { crosses, pathBetween } from '../geometry/crossing.ts';
import type { EdgePoint } from '../geometry/nearest.ts';
import { type Box, boxOf, growBox, TURNS } from '../geometry/path.ts';
import { nearestOnEdge, type Shape, shapeOf } from '../geometry/shape.ts';
import type { LatLon } from '../geometry/sphere.ts';
import { changeIdMap, emptyIdMap, findById, type IdMap, valuesOf } from './id-map.ts';
import type { Place } from './place.ts';

/** A place with its shape; the same object for as long as the place is in sets. */
export interface CompiledPlace {
  readonly place: Place;
  readonly shape: Shape;
}

/** A place that a point is near to, with the nearest point of its edge. */
export interface NearPlace {
  readonly compiled: CompiledPlace;
  readonly edge: EdgePoint;
}

/** Parts of places, with their boxes; in no order that means anything. */
export interface PartsInBox {
  readonly owners: readonly CompiledPlace[];
  /** West, south, east, north of each; rounded outwards. */
  readonly boxes: readonly number[];
}

/** Places to add (in place of those with the same id) and ids to take away; an id in both stays out. */
export interface PlaceChange {
  readonly put: readonly Place[];
  readonly remove: readonly string[];
}

/**
 * Places with an index over where they are and one over their ids. Never changed: `with` makes another set that shares most of this one,
 * at the cost of the change. All lists are in order of the ids, whatever edits led to the set.
 */
export interface PlaceSet {
  readonly size: number;
  get(id: string): CompiledPlace | undefined;
  /** Places that hold a point, edge included. */
  at(lat: number, lon: number): readonly CompiledPlace[];
  /**
   * Places that do not hold a point, but whose edge is at most some metres away.
   *
   * @param wanted asked before the distance is computed, which is the dear part
   */
  within(
    lat: number,
    lon: number,
    metres: number,
    wanted?: (compiled: CompiledPlace) => boolean,
  ): readonly NearPlace[];
  /** Places that the straight line between two points has a point in common with, those that hold an end included. */
  crossedBy(from: LatLon, to: LatLon): readonly CompiledPlace[];
  /** The parts of places whose boxes touch a box within ±180: of a circle there is one, of others one for each that does. */
  partsIn(box: Box): PartsInBox;
  with(change: PlaceChange): PlaceSet;
  /**
   * Some of the places alone, for lookups that no other can concern: far fewer, where one looks far. Made when first asked for, and
   * carried over by `with` at the cost of the change.
   *
   * @param name the same name must ask for the same places
   */
  part(name: string, wanted: (place: Place) => boolean): PlaceSet;
  /** In no order that means anything. */
  all(): Iterable<CompiledPlace>;
}

/** A set of these places; of several with one id, the last. A million circles take about a second, in one go. */
export function placeSetOf(places: readonly Place[]): PlaceSet {
  return changed({ byId: emptyIdMap(), tree: emptyTree() }, NO_PARTS, { put: places, remove: [] });
}

interface Indexes {
  readonly byId: IdMap<CompiledPlace>;
  readonly tree: BoxTree<CompiledPlace>;
}

interface Part {
  readonly indexes: Indexes;
  readonly wanted: (place: Place) => boolean;
}

type Parts = ReadonlyMap<string, Part>;
const NO_PARTS: Parts = new Map();
/** What rules look for changes now and then: older parts are nobody's any more. */
const MOST_PARTS = 3;

function changed(indexes: Indexes, parts: Parts, { put, remove }: PlaceChange): PlaceSet {
  const removed = new Set(remove);
  // The last one of several with one id counts.
  const kept = new Map(put.map((place) => [place.id, place]));
  const added = [...kept.values()]
    .filter(({ id }) => !removed.has(id))
    .map((place): CompiledPlace => ({ place, shape: shapeOf(place.geometry) }));
  const carried = [...parts].map(([name, { wanted, indexes: before }]): [string, Part] => {
    const inPart = added.filter(({ place }) => wanted(place));
    const others = added.flatMap(({ place }) => (wanted(place) ? [] : place.id));
    return [name, { wanted, indexes: exchanged(before, inPart, [...remove, ...others]) }];
  });
  return setOf(exchanged(indexes, added, remove), new Map(carried));
}

function exchanged(
  { byId, tree }: Indexes,
  added: readonly CompiledPlace[],
  remove: readonly string[],
): Indexes {
  const { map, replaced } = changeIdMap(byId, added, remove);
  return { byId: map, tree: changeTree(tree, replaced, added) };
}

const NO_PLACES: readonly CompiledPlace[] = [];

function setOf(indexes: Indexes, parts: Parts): PlaceSet {
  const { byId, tree } = indexes;
  let known = parts;
  const sets = new Map<string, PlaceSet>();
  const partOf = (name: string, wanted: Part['wanted']): PlaceSet => {
    const part = known.get(name) ?? { wanted, indexes: exchanged(NOTHING, matching(byId, wanted), []) };
    known = new Map([...[...known].filter(([other]) => other !== name).slice(1 - MOST_PARTS), [name, part]]);
    return setOf(part.indexes, NO_PARTS);
  };
  return {
    size: byId.size,
    get: (id) => findById(byId, id),
    at(lat, lon) {
      const found = ownersAt(tree, lat, lon);
      return found.length === 0 ? NO_PLACES : inOrder(found);
    },
    within(lat, lon, metres, wanted = () => true) {
      const box = growBox({ west: lon, south: lat, east: lon, north: lat }, metres);
      const near: NearPlace[] = [];
      for (const compiled of inBox(tree, box)) {
        if (!wanted(compiled)) continue;
        const edge = nearestOnEdge(compiled.shape, lat, lon);
        if (edge.metres > 0 && edge.metres <= metres) near.push({ compiled, edge });
      }
      return near.sort((a, b) => byPlaceId(a.compiled, b.compiled));
    },
    crossedBy(from, to) {
      const box = boxOf(pathBetween(from, to));
      return inOrder([...inBox(tree, box)].filter(({ shape }) => crosses(shape, from, to)));
    },
    partsIn(box) {
      const owners: CompiledPlace[] = [];
      const boxes: number[] = [];
      itemsInBox(tree, box, owners, boxes);
      return { owners, boxes };
    },
    with: (change) => changed(indexes, known, change),
    part(name, wanted) {
      const made = sets.get(name) ?? partOf(name, wanted);
      sets.set(name, made);
      return made;
    },
    all: () => valuesOf(byId),
  };
}

const NOTHING: Indexes = { byId: emptyIdMap(), tree: emptyTree() };

function matching(byId: IdMap<CompiledPlace>, wanted: Part['wanted']): readonly CompiledPlace[] {
  const found: CompiledPlace[] = [];
  for (const compiled of valuesOf(byId)) if (wanted(compiled.place)) found.push(compiled);
  return found;
}

/** Each once. */
function inBox(tree: BoxTree<CompiledPlace>, box: Box): Iterable<CompiledPlace> {
  const found: CompiledPlace[] = [];
  for (const turn of TURNS) {
    // Beyond ±180 the tree has nothing.
    const [west, east] = [box.west + turn, box.east + turn];
    if (west <= 180 && east >= -180) itemsInBox(tree, { ...box, west, east }, found);
  }
  return found.length < 2 ? found : new Set(found);
}

const byPlaceId = (a: CompiledPlace, b: CompiledPlace): number => (a.place.id < b.place.id ? -1 : 1);

/** By id, each once: parts of one place may overlap. */
function inOrder(found: readonly CompiledPlace[]): readonly CompiledPlace[] {
  if (found.length < 2) return found;
  return [...new Set(found)].sort(byPlaceId);
}
