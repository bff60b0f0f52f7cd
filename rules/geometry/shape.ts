import type { PlaceGeometry } from './geojson.ts';
import { type EdgePoint, nearestOnPath } from './nearest.ts';
import { type Box, boxOf, growBox, insideRings, type Path, TURNS } from './path.ts';
import {
  EARTH_RADIUS_METRES,
  METRES_PER_DEGREE,
  metresBetween,
  pointTowards,
  RADIANS,
  squaredChord,
  unitVector,
  withinChord,
} from './sphere.ts';

/** A place's geometry with what is worth computing once. */
export type Shape = CircleShape | PolygonsShape | CorridorShape;

export interface CircleShape {
  readonly kind: 'circle';
  readonly lat: number;
  readonly lon: number;
  readonly radiusMetres: number;
}

export interface PolygonsShape {
  readonly kind: 'polygons';
  readonly polygons: readonly BoxedPolygon[];
  readonly radiusMetres: number;
}

interface BoxedPolygon {
  readonly rings: readonly Path[];
  readonly box: Box;
}

export interface CorridorShape {
  readonly kind: 'corridor';
  readonly line: Path;
  /** Of the line, without its width. */
  readonly box: Box;
  /** To either side of the line. */
  readonly radiusMetres: number;
}

export function shapeOf(geometry: PlaceGeometry): Shape {
  switch (geometry.kind) {
    case 'circle':
      // As it is: most places are circles, and a second object for each would cost more than the index.
      return geometry;
    case 'polygons': {
      const polygons = geometry.polygons.map((rings) => ({
        rings,
        box: boxOf(rings[0] ?? new Float64Array()),
      }));
      return { kind: 'polygons', polygons, radiusMetres: geometry.radiusMetres };
    }
    case 'corridor':
      return { ...geometry, box: boxOf(geometry.line) };
  }
}

/** The least boxes round the parts of a shape. */
export function boxesOf(shape: Shape): readonly Box[] {
  switch (shape.kind) {
    case 'circle': {
      const { lat, lon } = shape;
      return [growBox({ west: lon, south: lat, east: lon, north: lat }, shape.radiusMetres)];
    }
    case 'polygons':
      return shape.polygons.map(({ box }) => box);
    case 'corridor':
      return [growBox(shape.box, shape.radiusMetres)];
  }
}

/** Whether a point lies inside a shape or on its edge. */
export function contains(shape: Shape, lat: number, lon: number): boolean {
  switch (shape.kind) {
    case 'circle':
      return withinChord(
        unitVector(shape.lat, shape.lon),
        unitVector(lat, lon),
        squaredChord(shape.radiusMetres),
      );
    case 'polygons':
      return shape.polygons.some(({ rings, box }) =>
        TURNS.some((turn) => holds(box, lat, lon + turn) && insideRings(rings, lat, lon + turn)),
      );
    case 'corridor':
      return nearestOnLine(shape, lat, lon, shape.radiusMetres).metres <= shape.radiusMetres;
  }
}

function holds(box: Box, lat: number, lon: number): boolean {
  return lon >= box.west && lon <= box.east && lat >= box.south && lat <= box.north;
}

/** Metres by which a point outside a shape lies beyond its edge; 0 for a point inside. */
export function metresOutside(shape: Shape, lat: number, lon: number): number {
  return nearestOnEdge(shape, lat, lon).metres;
}

/**
 * The point of a shape that is nearest to a point, and how far off it is: on the edge for a point outside, and the point itself,
 * 0 metres off, for one inside or on the edge. Circles are exact; for the others see `nearestOnPath`.
 */
export function nearestOnEdge(shape: Shape, lat: number, lon: number): EdgePoint {
  const inside: EdgePoint = { lat, lon, metres: 0 };
  switch (shape.kind) {
    case 'circle': {
      const metres = metresBetween(lat, lon, shape.lat, shape.lon) - shape.radiusMetres;
      if (metres <= 0) return inside;
      return { ...pointTowards(shape, { lat, lon }, shape.radiusMetres), metres };
    }
    case 'polygons': {
      if (contains(shape, lat, lon)) return inside;
      let best: EdgePoint = { lat, lon, metres: Infinity };
      for (const { rings, box } of shape.polygons) {
        for (const ring of rings) best = nearerOn(ring, box, lat, lon, best);
      }
      return best;
    }
    case 'corridor': {
      const onLine = nearestOnLine(shape, lat, lon, Infinity);
      const metres = onLine.metres - shape.radiusMetres;
      if (metres <= 0) return inside;
      return { ...pointTowards(onLine, { lat, lon }, shape.radiusMetres), metres };
    }
  }
}

/** @param most the caller asks only whether something lies as near as this */
function nearestOnLine(shape: CorridorShape, lat: number, lon: number, most: number): EdgePoint {
  // A little more, for the bound of the box is not rounded to the safe side.
  return nearerOn(shape.line, shape.box, lat, lon, { lat, lon, metres: most * 1.001 + 1 });
}

/** The nearest point of a path, if it is nearer than the best one so far; on whatever turn of the globe it is found. */
function nearerOn(path: Path, box: Box, lat: number, lon: number, best: EdgePoint): EdgePoint {
  let nearest = best;
  for (const turn of TURNS) {
    // No point is nearer than the box: most paths and turns are passed over by this.
    if (leastMetresToBox(lat, lon + turn, box) >= nearest.metres) continue;
    const found = nearestOnPath(path, lat, lon + turn);
    if (found.metres < nearest.metres) nearest = found;
  }
  return nearest;
}

/** At most the distance to a box, with degrees of longitude taken as short as they are at its end that is nearer to a pole. */
function leastMetresToBox(lat: number, lon: number, box: Box): number {
  const y = Math.max(box.south - lat, 0, lat - box.north) * METRES_PER_DEGREE;
  const poleward = Math.max(Math.abs(lat), Math.abs(box.south), Math.abs(box.north));
  const degrees = Math.max(box.west - lon, 0, lon - box.east);
  // Flat earth, with a straight line through the globe where it is far.
  const x = Math.sin(Math.min(degrees, 180) * (RADIANS / 2)) * Math.cos(poleward * RADIANS) * 2;
  return Math.max(y, x * EARTH_RADIUS_METRES);
}
