import { type EdgePoint, nearestOnPath } from './nearest.ts';
import { type Box, boxOf, type Path, pointsOf, TURNS } from './path.ts';
import { EARTH_RADIUS_METRES, METRES_PER_DEGREE, RADIANS } from './sphere.ts';

/** A path with the boxes of its pieces, so that what is asked of a long one looks at few of its edges. */
export interface PiecedPath {
  readonly path: Path;
  readonly box: Box;
  /** Of each stretch of edges, in order. */
  readonly boxes: readonly Box[];
}

const EDGES_A_PIECE = 32;

export function pieced(path: Path): PiecedPath {
  const pieces = Math.max(1, Math.ceil((pointsOf(path) - 1) / EDGES_A_PIECE));
  const box = boxOf(path);
  if (pieces === 1) return { path, box, boxes: [box] };
  const boxes = Array.from({ length: pieces }, (_, piece) => {
    const [from, to] = stretchOf(path, piece);
    return boxOf(path.subarray(2 * from, 2 * to + 2));
  });
  return { path, box, boxes };
}

/** The first and the last point of a piece; neighbours share one. */
export function pointsOfPiece({ path }: PiecedPath, piece: number): readonly [number, number] {
  return stretchOf(path, piece);
}

function stretchOf(path: Path, piece: number): readonly [number, number] {
  return [piece * EDGES_A_PIECE, Math.min((piece + 1) * EDGES_A_PIECE, pointsOf(path) - 1)];
}

/** The nearest point of a path, on whatever turn of the globe it is, if it is nearer than the best one so far. */
export function nearerOn(line: PiecedPath, lat: number, lon: number, best: EdgePoint): EdgePoint {
  let nearest = best;
  for (const turn of TURNS) {
    if (leastMetresToBox(lat, lon + turn, line.box) >= nearest.metres) continue;
    for (const [piece, box] of line.boxes.entries()) {
      if (leastMetresToBox(lat, lon + turn, box) >= nearest.metres) continue;
      const [from, to] = stretchOf(line.path, piece);
      const found = nearestOnPath(line.path, lat, lon + turn, from, to);
      if (found.metres < nearest.metres) nearest = found;
    }
  }
  return nearest;
}

/**
 * At most the distance from a point to anything in a box: along the meridian, or across meridians where they are nearest to each other,
 * straight through the globe.
 */
export function leastMetresToBox(lat: number, lon: number, box: Box): number {
  const north = Math.max(box.south - lat, 0, lat - box.north) * METRES_PER_DEGREE;
  const degrees = Math.max(box.west - lon, 0, lon - box.east);
  if (degrees === 0) return north;
  const poleward = Math.max(Math.abs(lat), Math.abs(box.south), Math.abs(box.north));
  const across = Math.sin(Math.min(degrees, 180) * (RADIANS / 2)) * Math.cos(poleward * RADIANS);
  return Math.max(north, 2 * EARTH_RADIUS_METRES * across);
}
