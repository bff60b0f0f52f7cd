import { insideRings } from './inside.ts';
import { type Box, growBox, latOf, lonOf, type Path, shiftPath, TURNS, touch } from './path.ts';
import { pathsWithin } from './path-pairs.ts';
import type { Shape } from './shape.ts';

/** A shape as paths with a width to either side; of a polygon all that its rings enclose belongs to it. */
interface Part {
  readonly paths: readonly Path[];
  readonly box: Box;
  readonly widthMetres: number;
  readonly isFilled: boolean;
}

/**
 * Whether two shapes are at most some metres apart; 0 asks whether they have a point in common. Exact as `nearestOnPath` is. Costs
 * O((n + m) log n) for n and m points.
 */
export function shapesWithin(a: Shape, b: Shape, metres: number): boolean {
  return partsOf(a).some((partA) => {
    return partsOf(b).some((partB) => {
      const apart = metres + partA.widthMetres + partB.widthMetres;
      const reach = growBox(partA.box, apart);
      return TURNS.some((turn) => {
        const box = { ...partB.box, west: partB.box.west + turn, east: partB.box.east + turn };
        if (!touch(reach, box)) return false;
        const pathsB = partB.paths.map((path) => shiftPath(path, turn));
        return (
          holdsOther(partA.isFilled, partA.paths, pathsB) ||
          holdsOther(partB.isFilled, pathsB, partA.paths) ||
          partA.paths.some((pathA) => pathsB.some((pathB) => pathsWithin(pathA, pathB, apart)))
        );
      });
    });
  });
}

/** Where outlines stay apart, one point of the other part tells whether it lies inside. */
function holdsOther(isFilled: boolean, rings: readonly Path[], [other]: readonly Path[]): boolean {
  return isFilled && other !== undefined && insideRings(rings, latOf(other, 0), lonOf(other, 0));
}

function partsOf(shape: Shape): readonly Part[] {
  switch (shape.kind) {
    case 'circle': {
      const { lat, lon, radiusMetres } = shape;
      const box = { west: lon, south: lat, east: lon, north: lat };
      return [{ paths: [Float64Array.of(lon, lat)], box, widthMetres: radiusMetres, isFilled: false }];
    }
    case 'polygons':
      return shape.polygons.map(({ paths, box }) => ({
        paths,
        box,
        widthMetres: 0,
        isFilled: true,
      }));
    case 'corridor': {
      const { line, radiusMetres } = shape;
      return [{ paths: [line.path], box: line.box, widthMetres: radiusMetres, isFilled: false }];
    }
  }
}
