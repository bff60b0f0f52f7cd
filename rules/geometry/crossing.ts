import { nearestOnPath } from './nearest.ts';
import { boxOf, type Path, shiftPath, TURNS, touch } from './path.ts';
import { pathsMeet, pathsWithin } from './path-pairs.ts';
import { contains, type Shape } from './shape.ts';
import type { LatLon } from './sphere.ts';

/** The straight line (in longitude and latitude) between two points, the shorter way round the globe. */
export function pathBetween(from: LatLon, to: LatLon): Path {
  const step = to.lon - from.lon;
  const turn = Math.abs(step) > 180 ? -360 * Math.round(step / 360) : 0;
  return Float64Array.of(from.lon, from.lat, to.lon + turn, to.lat);
}

/**
 * Whether the straight line between two points has a point in common with a shape, its edge included. Meant for two fixes of one
 * journey, some kilometres apart: for those it makes no difference whether the line is straight on the globe or on the map.
 */
export function crosses(shape: Shape, from: LatLon, to: LatLon): boolean {
  if (contains(shape, from.lat, from.lon) || contains(shape, to.lat, to.lon)) return true;
  const path = pathBetween(from, to);
  switch (shape.kind) {
    case 'circle':
      return TURNS.some(
        (turn) => nearestOnPath(path, shape.lat, shape.lon + turn).metres <= shape.radiusMetres,
      );
    case 'polygons':
      return TURNS.some((turn) => {
        const shifted = shiftPath(path, turn);
        const box = boxOf(shifted);
        return shape.polygons.some(
          (polygon) => touch(polygon.box, box) && polygon.rings.some((ring) => pathsMeet(shifted, ring.path)),
        );
      });
    case 'corridor':
      return TURNS.some((turn) => pathsWithin(shiftPath(path, turn), shape.line.path, shape.radiusMetres));
  }
}
