import { getBoundsOfDistance } from 'geolib';
import pointInPolygon from 'point-in-polygon-hao';
import type { PlaceGeometry } from './geojson.ts';
import type { Ring } from './ring.ts';
import {
  distanceMetres,
  METRES_PER_DEGREE,
  RADIANS,
  squaredChord,
  type UnitVector,
  unitVector,
  withinChord,
} from './sphere.ts';

/** Degrees; longitudes may pass 180. */
export interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** A place's geometry with what is worth computing once. */
export type Shape = CircleShape | PolygonsShape;

export interface CircleShape {
  readonly kind: 'circle';
  readonly lat: number;
  readonly lon: number;
  readonly radiusMetres: number;
  readonly centre: UnitVector;
  readonly chordSquared: number;
}

export interface PolygonsShape {
  readonly kind: 'polygons';
  readonly polygons: readonly BoxedPolygon[];
  readonly radiusMetres: number;
}

export interface BoxedPolygon {
  readonly rings: readonly Ring[];
  readonly box: Box;
}

export function shapeOf(geometry: PlaceGeometry): Shape {
  switch (geometry.kind) {
    case 'circle': {
      const { lat, lon, radiusMetres } = geometry;
      return { ...geometry, centre: unitVector(lat, lon), chordSquared: squaredChord(radiusMetres) };
    }
    case 'polygons': {
      const polygons = geometry.polygons.map((rings) => ({ rings, box: boxOf(rings[0] ?? []) }));
      return { kind: 'polygons', polygons, radiusMetres: geometry.radiusMetres };
    }
  }
}

function boxOf(ring: Ring): Box {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of ring) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  return { west, south, east, north };
}

/** geolib gives a box over the date line with west beyond east; a circle around a pole has all longitudes. */
export function circleBox(circle: CircleShape): Box {
  const [southWest, northEast] = getBoundsOfDistance(circle, circle.radiusMetres);
  // Its type is a list, its result always these two.
  if (!southWest || !northEast) throw new RangeError('no bounds');
  const east = northEast.longitude < southWest.longitude ? northEast.longitude + 360 : northEast.longitude;
  return { west: southWest.longitude, south: southWest.latitude, east, north: northEast.latitude };
}

/**
 * Whether a point lies in a polygon or on its edge. Edges are straight in longitude and latitude, as in RFC 7946 §3.1.1.
 *
 * @param lon in the polygon's own run, that is perhaps beyond 180
 */
export function insidePolygon(lat: number, lon: number, rings: readonly Ring[]): boolean {
  // The library returns 0 for "on an edge", and asks for mutable arrays that it only reads.
  return pointInPolygon([lon, lat], rings as unknown as number[][][]) !== false;
}

/** Whether a point lies inside a shape or on its edge. */
export function contains(shape: Shape, lat: number, lon: number): boolean {
  switch (shape.kind) {
    case 'circle':
      return withinChord(shape.centre, unitVector(lat, lon), shape.chordSquared);
    case 'polygons':
      return shape.polygons.some(({ rings, box }) =>
        TURNS.some((turn) => holds(box, lat, lon + turn) && insidePolygon(lat, lon + turn, rings)),
      );
  }
}

/** A ring may run on beyond ±180°, so a point is looked for on the neighbouring turns of the globe too. */
const TURNS = [0, 360, -360] as const;

function holds(box: Box, lat: number, lon: number): boolean {
  return lon >= box.west && lon <= box.east && lat >= box.south && lat <= box.north;
}

/**
 * Metres by which a point outside a shape lies beyond its edge; for a point inside, 0 or less.
 *
 * For polygons the earth around the point is taken as flat (metres per degree at the point's latitude), and an edge as straight
 * in longitude and latitude, as the test for inside takes it. Against the sphere the error is below 0.5 % within 10 km up to 70°
 * of latitude, and the margins that this serves are some 100 m; far off it only matters that it is far. Within some 50 km of a
 * pole it is not to be relied on for polygons; for circles it is exact everywhere.
 */
export function metresOutside(shape: Shape, lat: number, lon: number): number {
  if (contains(shape, lat, lon)) return 0;
  switch (shape.kind) {
    case 'circle':
      return Math.max(0, distanceMetres({ lat, lon }, shape) - shape.radiusMetres);
    case 'polygons': {
      const metresPerDegreeLon = METRES_PER_DEGREE * Math.cos(lat * RADIANS);
      let least = Infinity;
      for (const { rings, box } of shape.polygons) {
        for (const turn of TURNS) {
          // No corner is nearer than the box: most polygons and turns are passed over by this.
          if (squaredDistanceToBox(lat, lon + turn, box, metresPerDegreeLon) >= least) continue;
          for (const ring of rings) {
            least = Math.min(least, squaredDistanceToRing(lat, lon + turn, ring, metresPerDegreeLon));
          }
        }
      }
      return Math.sqrt(least);
    }
  }
}

function squaredDistanceToBox(lat: number, lon: number, box: Box, metresPerDegreeLon: number): number {
  const x = Math.max(box.west - lon, 0, lon - box.east) * metresPerDegreeLon;
  const y = Math.max(box.south - lat, 0, lat - box.north) * METRES_PER_DEGREE;
  return x * x + y * y;
}

function squaredDistanceToRing(lat: number, lon: number, ring: Ring, metresPerDegreeLon: number): number {
  let least = Infinity;
  let startX = Number.NaN;
  let startY = Number.NaN;
  for (const [cornerLon, cornerLat] of ring) {
    const endX = (cornerLon - lon) * metresPerDegreeLon;
    const endY = (cornerLat - lat) * METRES_PER_DEGREE;
    if (!Number.isNaN(startX)) least = Math.min(least, squaredDistanceToSegment(startX, startY, endX, endY));
    startX = endX;
    startY = endY;
  }
  return least;
}

/** From the origin to the nearest point of a segment. */
function squaredDistanceToSegment(startX: number, startY: number, endX: number, endY: number): number {
  const dx = endX - startX;
  const dy = endY - startY;
  const squaredLength = dx * dx + dy * dy;
  const along =
    squaredLength === 0 ? 0 : Math.max(0, Math.min(1, -(startX * dx + startY * dy) / squaredLength));
  const x = startX + along * dx;
  const y = startY + along * dy;
  return x * x + y * y;
}
