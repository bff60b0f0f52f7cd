import { existsSync, readFileSync } from 'node:fs';
import IndexedPointInAreaLocator from 'jsts/org/locationtech/jts/algorithm/locate/IndexedPointInAreaLocator.js';
import Coordinate from 'jsts/org/locationtech/jts/geom/Coordinate.js';
import GeometryFactory from 'jsts/org/locationtech/jts/geom/GeometryFactory.js';
import Location from 'jsts/org/locationtech/jts/geom/Location.js';
import GeoJSONReader from 'jsts/org/locationtech/jts/io/GeoJSONReader.js';
import { describe, expect, it } from 'vitest';
import { parsePlace } from '../../rules/places/place.ts';
import { placeSetOf } from '../../rules/places/place-set.ts';
import { must } from './scenario.ts';

type Ring = readonly (readonly [number, number])[];
interface Feature {
  readonly geometry:
    | { readonly type: 'Polygon'; readonly coordinates: readonly Ring[] }
    | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly Ring[])[] };
}

const NEIGHBOURHOODS = new URL('../../../shared/data/neighbourhoods/', import.meta.url);
const hasData = existsSync(NEIGHBOURHOODS);
const CITIES = ['bremen', 'denver', 'orlando', 'silicon-valley'];
const POINTS = 1_000_000;
/** Nearer to an edge than this, two libraries may differ. */
const EDGE_METRES = 0.01;
const METRES_PER_DEGREE = 111_195;

/** A small seeded generator (Mulberry32), so that every run asks for the same points. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const polygonsOf = ({ geometry }: Feature): readonly (readonly Ring[])[] =>
  geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;

/** JTS, whose point location shares no code with ours: a tree of intervals, and signs of determinants in twice the digits. */
class Jts {
  readonly #locator: InstanceType<typeof IndexedPointInAreaLocator>;
  readonly #west: number;
  readonly #south: number;
  readonly #east: number;
  readonly #north: number;

  constructor(feature: Feature) {
    this.#locator = new IndexedPointInAreaLocator(
      new GeoJSONReader(new GeometryFactory()).read(feature.geometry),
    );
    const points = polygonsOf(feature).flat(2);
    [this.#west, this.#east] = [
      Math.min(...points.map(([lon]) => lon)),
      Math.max(...points.map(([lon]) => lon)),
    ];
    [this.#south, this.#north] = [
      Math.min(...points.map(([, lat]) => lat)),
      Math.max(...points.map(([, lat]) => lat)),
    ];
  }

  holds(lon: number, lat: number): boolean {
    if (lon < this.#west || lon > this.#east || lat < this.#south || lat > this.#north) return false;
    return this.#locator.locate(new Coordinate(lon, lat)) !== Location.EXTERIOR;
  }

  randomPoint(random: () => number): readonly [number, number] {
    const share = () => random() * 1.2 - 0.1;
    return [
      this.#west + share() * (this.#east - this.#west),
      this.#south + share() * (this.#north - this.#south),
    ];
  }
}

function metresToNearestEdge(feature: Feature, lon: number, lat: number): number {
  const east = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  let least = Infinity;
  for (const ring of polygonsOf(feature).flat()) {
    for (const [index, [endLon, endLat]] of ring.slice(1).entries()) {
      const [startLon, startLat] = ring[index] ?? [endLon, endLat];
      const [x, y] = [(startLon - lon) * east, (startLat - lat) * METRES_PER_DEGREE];
      const [dx, dy] = [(endLon - startLon) * east, (endLat - startLat) * METRES_PER_DEGREE];
      const share = Math.max(0, Math.min(1, -(x * dx + y * dy) / (dx * dx + dy * dy || 1)));
      least = Math.min(least, Math.hypot(x + share * dx, y + share * dy));
    }
  }
  return least;
}

describe.skipIf(!hasData)(
  `real neighbourhoods${hasData ? '' : ' (skipped: ../shared/data is absent)'}`,
  () => {
    it('hold just the points that JTS finds in them, of a million, holes included', {
      timeout: 120_000,
    }, () => {
      const random = seeded(4);
      let polygons = 0;
      let inside = 0;
      let inHoles = 0;
      let onEdges = 0;
      const wrong: string[] = [];
      for (const city of CITIES) {
        const { features } = JSON.parse(readFileSync(new URL(`${city}.geojson`, NEIGHBOURHOODS), 'utf8')) as {
          features: readonly Feature[];
        };
        polygons += features.length;
        const set = placeSetOf(features.map((feature, index) => must(parsePlace(`${index}`, feature))));
        const jts = features.map((feature) => new Jts(feature));
        const holes = features
          .flatMap(polygonsOf)
          .flatMap((rings) => rings.slice(1))
          .map((ring) => new Jts({ geometry: { type: 'Polygon', coordinates: [ring] } }));
        const targets = [...jts, ...holes];
        for (let point = 0; point < POINTS / CITIES.length; point++) {
          const [lon, lat] = (targets[point % targets.length] as Jts).randomPoint(random);
          const found = new Set(set.at(lat, lon).map(({ place }) => Number(place.id)));
          inside += found.size;
          if (holes.some((hole) => hole.holds(lon, lat))) inHoles += 1;
          for (const [index, one] of jts.entries()) {
            if (one.holds(lon, lat) === found.has(index)) continue;
            if (metresToNearestEdge(features[index] as Feature, lon, lat) <= EDGE_METRES) onEdges += 1;
            else wrong.push(`${city} ${index} at ${lon}, ${lat}`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(polygons).toBe(323);
      expect(inside).toBeGreaterThan(POINTS / 4);
      expect(inHoles).toBeGreaterThan(POINTS / 100);
      expect(onEdges).toBeLessThan(10);
    });
  },
);
