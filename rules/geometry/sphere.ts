import { earthRadius, getDistance } from 'geolib';

/** Degrees, WGS 84. */
export interface LatLon {
  readonly lat: number;
  readonly lon: number;
}

/** geolib's radius, so that every distance here agrees with its distances. */
export const EARTH_RADIUS_METRES = earthRadius;
export const RADIANS = Math.PI / 180;
/** Length of one degree of latitude on that sphere. */
export const METRES_PER_DEGREE = EARTH_RADIUS_METRES * RADIANS;

/** Great-circle distance in metres, to the centimetre. */
export function distanceMetres(from: LatLon, to: LatLon): number {
  return getDistance(from, to, 0.01);
}

/**
 * At least the distance in metres: along the meridian, then along the equator instead of the parallel. Far cheaper than the
 * distance itself, and enough to see that two fixes of a moving device are near each other.
 */
export function atMostMetresApart(from: LatLon, to: LatLon): number {
  return METRES_PER_DEGREE * (Math.abs(from.lat - to.lat) + Math.abs(from.lon - to.lon));
}

/** Whether two numbers are a latitude and a longitude. */
export function isOnGlobe(lat: unknown, lon: unknown): boolean {
  return typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
}

/** A point on the unit sphere: x to (0°, 0°), y to (0°, 90° E), z to the north pole. */
export interface UnitVector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export function unitVector(lat: number, lon: number): UnitVector {
  const cosLat = Math.cos(lat * RADIANS);
  return {
    x: cosLat * Math.cos(lon * RADIANS),
    y: cosLat * Math.sin(lon * RADIANS),
    z: Math.sin(lat * RADIANS),
  };
}

/**
 * Square of the chord under a great-circle distance. Chords grow with distances (up to half the globe), so comparing squared chords
 * is the exact test without an arc cosine; and near zero, where the arc cosine loses digits, it loses none.
 */
export function squaredChord(metres: number): number {
  const chord = 2 * Math.sin(Math.min(metres / EARTH_RADIUS_METRES, Math.PI) / 2);
  return chord * chord;
}

/** Whether two points are at most a chord apart, given its square. */
export function withinChord(a: UnitVector, b: UnitVector, chordSquared: number): boolean {
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  const dz = a.z - b.z;
  return dx * dx + dy * dy + dz * dz <= chordSquared;
}
