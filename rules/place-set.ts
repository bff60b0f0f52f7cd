import { crosses } from './geometry/crossing.ts';
import type { EdgePoint } from './geometry/nearest.ts';
import { nearestOnEdge, type Shape, shapeOf } from './geometry/shape.ts';
import { buildShapeIndex } from './geometry/shape-index.ts';
import type { LatLon } from './geometry/sphere.ts';
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
  with(change: PlaceChange): PlaceSet;
  /** In no order that means anything. */
  all(): Iterable<CompiledPlace>;
}

export function placeSetOf(places: readonly Place[]): PlaceSet {
  const compiled = [...new Map(places.map((place) => [place.id, place])).values()]
    .map((place): CompiledPlace => ({ place, shape: shapeOf(place.geometry) }))
    .sort((a, b) => (a.place.id < b.place.id ? -1 : 1));
  const byId = new Map(compiled.map((one) => [one.place.id, one]));
  const index = buildShapeIndex(compiled.map(({ shape }) => shape));
  return {
    size: compiled.length,
    get: (id) => byId.get(id),
    at: (lat, lon) =>
      index
        .containing(lat, lon)
        .map((position) => compiled[position])
        .filter((one) => one !== undefined),
    within: (lat, lon, metres, wanted = () => true) =>
      compiled
        .filter(wanted)
        .map((one) => ({ compiled: one, edge: nearestOnEdge(one.shape, lat, lon) }))
        .filter(({ edge }) => edge.metres > 0 && edge.metres <= metres),
    crossedBy: (from, to) => compiled.filter(({ shape }) => crosses(shape, from, to)),
    with: ({ put, remove }) => {
      const gone = new Set([...remove, ...put.map(({ id }) => id)]);
      const kept = compiled.map(({ place }) => place).filter(({ id }) => !gone.has(id));
      const removed = new Set(remove);
      return placeSetOf([...kept, ...put.filter(({ id }) => !removed.has(id))]);
    },
    all: () => compiled,
  };
}
