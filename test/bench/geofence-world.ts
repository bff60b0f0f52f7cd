import type { Place } from '../../rules/places/place.ts';

export interface Circle {
  readonly lat: number;
  readonly lon: number;
  readonly radiusMetres: number;
}

/** Closed, [lon, lat]. */
export type Ring = readonly (readonly [number, number])[];

/** Latitudes and longitudes in turn. */
export type Positions = Float64Array;

export const METRES_PER_DEGREE = 111_195;
const POSITIONS = 200_000;
/** Each says in turn where it is, so that two positions of one lie 10,000 lookups apart. */
export const CARS = 10_000;
const METRES_A_STEP = 14;
export const PLACES_A_CITY = 500;
/** Cities of some 20 by 20 km that do not touch: so a position lies in as many places however many cities there are. */
const CITY_DEGREES = 0.3;
const POLYGON_CITY_DEGREES = 0.2;
export const CORNERS = 200;

/** A small seeded generator (Mulberry32), so that every run measures the same places. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Shops cluster in the middle of cities: circles of 50 to 500 m, which overlap there. */
export function makeCircles(count: number, random: () => number): Circle[] {
  const cities = Math.max(1, Math.ceil(count / PLACES_A_CITY));
  const rows = Math.ceil(Math.sqrt(cities));
  return Array.from({ length: count }, (_, index) => {
    const city = index % cities;
    return {
      lat: 40 + (city % rows) * CITY_DEGREES + (random() + random() - 1) * 0.1,
      lon: Math.floor(city / rows) * CITY_DEGREES + (random() + random() - 1) * 0.15,
      radiusMetres: 50 + random() * 450,
    };
  });
}

/** Districts of one city: stars of many corners, which overlap. */
export function makePolygons(count: number, random: () => number): Ring[] {
  return Array.from({ length: count }, () => {
    const lat = 45 + random() * POLYGON_CITY_DEGREES;
    const lon = 9 + random() * POLYGON_CITY_DEGREES;
    const metres = 200 + random() * 600;
    const corners = Array.from({ length: CORNERS }, (_, corner): readonly [number, number] => {
      const angle = (corner / CORNERS) * 2 * Math.PI;
      const degrees = (metres * (0.7 + 0.3 * random())) / METRES_PER_DEGREE;
      return [
        lon + (Math.cos(angle) * degrees) / Math.cos((lat * Math.PI) / 180),
        lat + Math.sin(angle) * degrees,
      ];
    });
    return [...corners, ...corners.slice(0, 1)];
  });
}

/** Cars that drive straight on from near a place, a step a second; about half of the positions lie inside a place. */
export function makePositions(
  centres: readonly { lat: number; lon: number }[],
  random: () => number,
): Positions {
  const positions = new Float64Array(2 * POSITIONS);
  const cars = Array.from({ length: CARS }, () => {
    const near = centres[Math.floor(random() * centres.length)] ?? { lat: 45, lon: 9 };
    const heading = random() * 2 * Math.PI;
    const step = METRES_A_STEP / METRES_PER_DEGREE;
    return {
      lat: near.lat + (random() - 0.5) * 0.02,
      lon: near.lon + (random() - 0.5) * 0.03,
      dLat: Math.cos(heading) * step,
      dLon: (Math.sin(heading) * step) / Math.cos((near.lat * Math.PI) / 180),
    };
  });
  for (let index = 0; index < POSITIONS; index++) {
    const car = cars[index % CARS];
    if (car === undefined) continue;
    positions[2 * index] = car.lat;
    positions[2 * index + 1] = car.lon;
    car.lat += car.dLat;
    car.lon += car.dLon;
  }
  return positions;
}

export function circlePlace(circle: Circle, index: number): Place {
  return {
    id: `place-${index}`,
    name: `Place ${index}`,
    tags: [],
    openingHours: null,
    timezone: null,
    geometry: { kind: 'circle', ...circle },
  };
}
