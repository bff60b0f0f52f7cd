import type { PlaceGeometry } from './geojson.ts';
import { type Bands, bandsOf, insideBands, insideRings } from './inside.ts';
import { type EdgePoint, nearestOnPath } from './nearest.ts';
import { type Box, growBox, type Path, TURNS } from './path.ts';
import { leastMetresToBox, nearerOn, type PiecedPath, pieced, pointsOfPiece } from './pieced-path.ts';
import { metresBetween, pointTowards, squaredChord, unitVector, withinChord } from './sphere.ts';

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
  readonly rings: readonly PiecedPath[];
  /** The same as plain paths. */
  readonly paths: readonly Path[];
  /** Of a polygon with few edges null. */
  readonly bands: Bands | null;
  readonly box: Box;
}

export interface CorridorShape {
  readonly kind: 'corridor';
  readonly line: PiecedPath;
  /** To either side of the line. */
  readonly radiusMetres: number;
}

export function shapeOf(geometry: PlaceGeometry): Shape {
  switch (geometry.kind) {
    case 'circle':
      // As it is: most places are circles, and a second object for each would cost more than the index.
      return geometry;
    case 'polygons':
      return {
        kind: 'polygons',
        polygons: geometry.polygons.map(boxed),
        radiusMetres: geometry.radiusMetres,
      };
    case 'corridor':
      return { kind: 'corridor', line: pieced(geometry.line), radiusMetres: geometry.radiusMetres };
  }
}

function boxed(paths: readonly Path[]): BoxedPolygon {
  const rings = paths.map(pieced);
  const box = (rings[0] ?? pieced(new Float64Array(2))).box;
  return { rings, paths, bands: bandsOf(paths), box };
}

/** The boxes round the parts of a shape: of a circle one, of others one for each polygon or each piece of the line. */
export function partBoxesOf(shape: Shape): readonly Box[] {
  switch (shape.kind) {
    case 'circle': {
      const { lat, lon } = shape;
      return [growBox({ west: lon, south: lat, east: lon, north: lat }, shape.radiusMetres)];
    }
    case 'polygons':
      return shape.polygons.map(({ box }) => box);
    case 'corridor':
      return shape.line.boxes.map((box) => growBox(box, shape.radiusMetres));
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
      return shape.polygons.some((polygon) => TURNS.some((turn) => polygonHolds(polygon, lat, lon + turn)));
    case 'corridor':
      return TURNS.some((turn) =>
        shape.line.boxes.some(
          (box, piece) =>
            leastMetresToBox(lat, lon + turn, box) <= shape.radiusMetres &&
            pieceHolds(shape, piece, lat, lon + turn),
        ),
      );
  }
}

/**
 * Whether the part of a shape holds a point.
 *
 * @param part as in `partBoxesOf`
 * @param lon in the part's own run, that is perhaps beyond 180
 */
export function containsInPart(shape: Shape, part: number, lat: number, lon: number): boolean {
  switch (shape.kind) {
    case 'circle':
      return contains(shape, lat, lon);
    case 'polygons': {
      const polygon = shape.polygons[part];
      return polygon !== undefined && polygonHolds(polygon, lat, lon);
    }
    case 'corridor':
      return pieceHolds(shape, part, lat, lon);
  }
}

function polygonHolds({ box, bands, paths }: BoxedPolygon, lat: number, lon: number): boolean {
  if (lon < box.west || lon > box.east || lat < box.south || lat > box.north) return false;
  return bands === null ? insideRings(paths, lat, lon) : insideBands(bands, lat, lon);
}

function pieceHolds({ line, radiusMetres }: CorridorShape, piece: number, lat: number, lon: number): boolean {
  const [from, to] = pointsOfPiece(line, piece);
  return nearestOnPath(line.path, lat, lon, from, to).metres <= radiusMetres;
}

/** Metres by which a point outside a shape lies beyond its edge; 0 for a point inside. */
export function metresOutside(shape: Shape, lat: number, lon: number): number {
  return nearestOnEdge(shape, lat, lon).metres;
}

/** Metres from a point inside a shape to its edge; 0 for a point outside. */
export function metresInside(shape: Shape, lat: number, lon: number): number {
  switch (shape.kind) {
    case 'circle':
      return Math.max(0, shape.radiusMetres - metresBetween(lat, lon, shape.lat, shape.lon));
    case 'polygons': {
      if (!contains(shape, lat, lon)) return 0;
      const far: EdgePoint = { lat, lon, metres: Infinity };
      const rings = shape.polygons.flatMap((polygon) => polygon.rings);
      return rings.reduce((nearest, ring) => nearerOn(ring, lat, lon, nearest), far).metres;
    }
    case 'corridor': {
      const onLine = nearerOn(shape.line, lat, lon, { lat, lon, metres: Infinity });
      return Math.max(0, shape.radiusMetres - onLine.metres);
    }
  }
}

/**
 * The point of a shape that is nearest to a point, and how far off it is: on the edge for a point outside, and the point itself,
 * 0 metres off, for one inside or on the edge. Circles are exact; for the others see `nearestOnPath`.
 */
export function nearestOnEdge(shape: Shape, lat: number, lon: number): EdgePoint {
  const inside: EdgePoint = { lat, lon, metres: 0 };
  const far: EdgePoint = { lat, lon, metres: Infinity };
  switch (shape.kind) {
    case 'circle': {
      const metres = metresBetween(lat, lon, shape.lat, shape.lon) - shape.radiusMetres;
      if (metres <= 0) return inside;
      return { ...pointTowards(shape, { lat, lon }, shape.radiusMetres), metres };
    }
    case 'polygons':
      if (contains(shape, lat, lon)) return inside;
      return shape.polygons
        .flatMap(({ rings }) => rings)
        .reduce((nearest, ring) => nearerOn(ring, lat, lon, nearest), far);
    case 'corridor': {
      const onLine = nearerOn(shape.line, lat, lon, far);
      const metres = onLine.metres - shape.radiusMetres;
      if (metres <= 0) return inside;
      return { ...pointTowards(onLine, { lat, lon }, shape.radiusMetres), metres };
    }
  }
}
