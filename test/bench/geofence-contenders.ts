import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { polygon as turfPolygon } from '@turf/helpers';
import Flatbush from 'flatbush';
import { isPointWithinRadius } from 'geolib';
import { decide } from '../../rules/decide.ts';
import { emptyMemory } from '../../rules/memory.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { placeSetOf } from '../../rules/places/place-set.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import { type Circle, circlePlace, METRES_PER_DEGREE, type Ring } from './geofence-world.ts';

/** How many places hold a position. */
export type CountPlaces = (lat: number, lon: number) => number;

export interface Contender<T> {
  readonly subject: string;
  /** So many of the first positions are compared with what the index finds; 0 where the shapes are not quite the same. */
  readonly compared: number;
  /** A linear pass over more takes longer than anybody waits. */
  readonly mostPlaces: number;
  make(shapes: readonly T[]): CountPlaces;
}

/** Inscribed, so that turf has an easy polygon: it then misses a sliver of 1.3 % of the area. */
const TURF_CORNERS = 16;

export const CIRCLE_CONTENDERS: readonly Contender<Circle>[] = [
  { subject: 'Wayside, place index', compared: 1_000, mostPlaces: Infinity, make: indexed },
  { subject: 'Wayside, whole decide step', compared: 1_000, mostPlaces: Infinity, make: decided },
  { subject: 'flatbush + geolib', compared: 1_000, mostPlaces: Infinity, make: flatbushGeolib },
  { subject: 'geolib, linear', compared: 10, mostPlaces: 100_000, make: linearGeolib },
  { subject: 'turf, linear', compared: 0, mostPlaces: 100_000, make: linearTurf },
];

export const POLYGON_CONTENDERS: readonly Contender<Ring>[] = [
  { subject: 'Wayside, place index', compared: 1_000, mostPlaces: Infinity, make: indexedPolygons },
  { subject: 'flatbush + turf', compared: 1_000, mostPlaces: Infinity, make: flatbushTurf },
  { subject: 'turf, linear', compared: 100, mostPlaces: Infinity, make: turfPolygons },
];

function indexed(circles: readonly Circle[]): CountPlaces {
  const set = placeSetOf(circles.map(circlePlace));
  return (lat, lon) => set.at(lat, lon).length;
}

/** The whole step: admission, jump, visits of one device that is somewhere else each time. */
function decided(circles: readonly Circle[]): CountPlaces {
  const rulebook = compileRulebook({
    places: circles.map(circlePlace),
    rules: [],
    deviceTypes: BUILT_IN_DEVICE_TYPES,
  });
  const device = { id: 'car-1', type: 'car' };
  let now = 1_763_756_400_000;
  return (lat, lon) => {
    now += 1_000;
    const reading = { at: now, position: { lat, lon, accuracy: 8 } };
    // A fresh memory, for each position is another car's: each step then opens the visits of its places.
    return decide(
      rulebook,
      emptyMemory,
      { kind: 'reading', device, consumer: null, reading, readingId: `${now}` },
      now,
    ).visits.length;
  };
}

/** What one builds who has these two libraries: boxes in a tree, then the distance. */
function flatbushGeolib(circles: readonly Circle[]): CountPlaces {
  const tree = new Flatbush(circles.length);
  for (const { lat, lon, radiusMetres } of circles) {
    const north = radiusMetres / METRES_PER_DEGREE;
    const east = (north / Math.cos((lat * Math.PI) / 180)) * 1.001;
    tree.add(lon - east, lat - north, lon + east, lat + north);
  }
  tree.finish();
  return (lat, lon) => {
    let count = 0;
    for (const index of tree.search(lon, lat, lon, lat)) {
      const circle = circles[index];
      if (circle && isPointWithinRadius({ lat, lon }, circle, circle.radiusMetres)) count += 1;
    }
    return count;
  };
}

function linearGeolib(circles: readonly Circle[]): CountPlaces {
  return (lat, lon) => {
    let count = 0;
    for (const circle of circles) {
      if (isPointWithinRadius({ lat, lon }, circle, circle.radiusMetres)) count += 1;
    }
    return count;
  };
}

function linearTurf(circles: readonly Circle[]): CountPlaces {
  return turfPolygons(
    circles.map(({ lat, lon, radiusMetres }) => {
      const north = radiusMetres / METRES_PER_DEGREE;
      const east = north / Math.cos((lat * Math.PI) / 180);
      return Array.from({ length: TURF_CORNERS + 1 }, (_, corner): readonly [number, number] => {
        const angle = ((corner % TURF_CORNERS) / TURF_CORNERS) * 2 * Math.PI;
        return [lon + Math.cos(angle) * east, lat + Math.sin(angle) * north];
      });
    }),
  );
}

function boxOf(ring: Ring): [number, number, number, number] {
  const lons = ring.map(([lon]) => lon);
  const lats = ring.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** With a bbox turf passes over what is far off: its quickest way. */
const turfPolygonOf = (ring: Ring) =>
  turfPolygon([ring.map((point) => [...point])], {}, { bbox: boxOf(ring) });

function turfPolygons(rings: readonly Ring[]): CountPlaces {
  const polygons = rings.map(turfPolygonOf);
  return (lat, lon) => {
    let count = 0;
    for (const one of polygons) if (booleanPointInPolygon([lon, lat], one)) count += 1;
    return count;
  };
}

function flatbushTurf(rings: readonly Ring[]): CountPlaces {
  const polygons = rings.map(turfPolygonOf);
  const tree = new Flatbush(rings.length);
  for (const ring of rings) tree.add(...boxOf(ring));
  tree.finish();
  return (lat, lon) => {
    let count = 0;
    for (const index of tree.search(lon, lat, lon, lat)) {
      const one = polygons[index];
      if (one && booleanPointInPolygon([lon, lat], one)) count += 1;
    }
    return count;
  };
}

function indexedPolygons(rings: readonly Ring[]): CountPlaces {
  const set = placeSetOf(
    rings.map((ring, index) => {
      const geometry = { type: 'Polygon', coordinates: [ring] };
      const parsed = parsePlace(`place-${index}`, { type: 'Feature', properties: {}, geometry });
      if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
      return parsed.value;
    }),
  );
  return (lat, lon) => set.at(lat, lon).length;
}
