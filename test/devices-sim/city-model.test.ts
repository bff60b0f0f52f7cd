import { describe, expect, it } from 'vitest';
import { isValidId } from '../../broker/topics.ts';
import { type City, createCity } from '../../devices-sim/city/model/city.ts';
import { cityGeoJson, poiFeature } from '../../devices-sim/city/model/city-geojson.ts';
import { createResidents } from '../../devices-sim/city/model/people.ts';
import { distance, distanceToSegment, type Point, toPoint } from '../../devices-sim/city/model/plane.ts';
import { createRandom } from '../../devices-sim/city/model/random.ts';
import { findRoute, SPEED_LIMITS } from '../../devices-sim/city/model/route.ts';
import type { SimulatedReading } from '../../devices-sim/city/model/simulated-reading.ts';
import { createWorld, type World } from '../../devices-sim/city/model/world.ts';

const TICK_SECONDS = 0.25;

function build(seed: number, people: number): { city: City; world: World } {
  const random = createRandom(seed);
  const city = createCity(random.fork('city'));
  const residents = createResidents(city, people, random.fork('people'));
  return { city, world: createWorld({ city, residents, random: random.fork('world'), intervalSeconds: 1 }) };
}

/** Readings by device, each with the second at which it was said. */
function live(world: World, seconds: number): Map<string, { second: number; reading: SimulatedReading }[]> {
  const told = new Map<string, { second: number; reading: SimulatedReading }[]>(
    world.devices.map(({ id }) => [id, []]),
  );
  for (let second = 0; second < seconds; second += TICK_SECONDS) {
    for (const { device, reading } of world.step(TICK_SECONDS)) told.get(device)?.push({ second, reading });
  }
  return told;
}

function metric(reading: SimulatedReading | undefined, name: string): number {
  const value = reading?.metrics[name];
  if (typeof value !== 'number') throw new Error(`no number ${name}`);
  return value;
}

describe('the street network', () => {
  const { city } = build(3, 1);
  const { graph } = city;

  it('is large, and every corner can be reached', () => {
    expect(graph.nodes.length).toBeGreaterThan(1000);
    const reached = new Set([0]);
    for (const node of reached) {
      for (const index of graph.edgesOf[node] ?? []) {
        const edge = graph.edges[index];
        if (edge !== undefined) reached.add(edge.a === node ? edge.b : edge.a);
      }
    }
    expect(reached.size).toBe(graph.nodes.length);
  });

  it('finds ways that are joined up and no longer than by an independent search', () => {
    const random = createRandom(9);
    for (let trial = 0; trial < 12; trial += 1) {
      const [from, to] = [random.integer(graph.nodes.length), random.integer(graph.nodes.length)];
      const route = findRoute(graph, from, to, 'walk');
      expect(route.nodes[0]).toBe(from);
      expect(route.nodes.at(-1)).toBe(to);
      route.edges.forEach((edge, index) => {
        expect(new Set([edge.a, edge.b])).toEqual(new Set([route.nodes[index], route.nodes[index + 1]]));
      });
      const metres = route.edges.reduce((sum, edge) => sum + edge.lengthMetres, 0);
      expect(metres).toBeCloseTo(bellmanFord(city, from)[to] ?? Number.NaN, 6);
    }
  });

  it('is exported as GeoJSON with kinds and names, and places within the radius limits', () => {
    const map = cityGeoJson(city);
    const kinds = new Set(map.features.map((feature) => feature.properties?.kind));
    expect(kinds).toEqual(new Set(['park', 'river', 'ring', 'avenue', 'street']));
    for (const feature of map.features) expect(feature.properties?.name).toBeTruthy();
    const names = map.features.map((feature) => feature.properties?.name);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(city.pois.map((poi) => poi.kind))).toEqual(
      new Set(['fuel_station', 'cafe', 'supermarket', 'pharmacy', 'gym']),
    );
    for (const poi of city.pois) {
      expect(isValidId(poi.id)).toBe(true);
      expect(poiFeature(poi).properties?.radiusMetres).toBeGreaterThanOrEqual(10);
    }
  });
});

describe('the people and their devices', () => {
  it('say the same for the same seed, and something else for another', () => {
    const first = (seed: number) => [...live(build(seed, 12).world, 40)];
    expect(first(5)).toEqual(first(5));
    expect(first(6)).not.toEqual(first(5));
  });

  it('do not change when more people move in', () => {
    const few = live(build(5, 3).world, 20);
    const many = live(build(5, 9).world, 20);
    for (const [device, readings] of few) expect(many.get(device)).toEqual(readings);
  });

  const { city, world } = build(1, 40);
  const told = live(world, 420);
  const cars = [...told].filter(([id]) => id.endsWith('-car'));
  const wearables = [...told].filter(([id]) => id.endsWith('-wearable'));
  const fridges = [...told].filter(([id]) => id.endsWith('-fridge'));

  it('cars keep to the streets and to the speed limits', () => {
    let driven = 0;
    for (const [, readings] of cars) {
      readings.forEach(({ second, reading }, index) => {
        const position = reading.position;
        if (position === undefined) throw new Error('a car without a position');
        expect(position.speed).toBeLessThanOrEqual(SPEED_LIMITS.ring * 1.04 + 0.1);
        expect(position.heading).toBeGreaterThanOrEqual(0);
        expect(position.heading).toBeLessThan(360);
        if (second % 5 === 0) expect(nearestStreetMetres(city, toPoint(position))).toBeLessThan(18);
        const before = readings[index - 1];
        if (before?.reading.position === undefined) return;
        const metres = distance(toPoint(before.reading.position), toPoint(position));
        driven += metres;
        // Twice the noise of the receiver on top of the fastest drive: never a jump.
        expect(metres).toBeLessThan(SPEED_LIMITS.ring * (second - before.second) + 12);
      });
    }
    expect(driven).toBeGreaterThan(20_000);
  });

  it('fuel falls while driving and rises only at a filling station', () => {
    const stations = city.pois.filter((poi) => poi.kind === 'fuel_station');
    let fills = 0;
    let drops = 0;
    for (const [, readings] of cars) {
      readings.forEach(({ reading }, index) => {
        const before = readings[index - 1]?.reading;
        if (before === undefined) return;
        const change = metric(reading, 'fuel') - metric(before, 'fuel');
        if (change < 0) drops += 1;
        if (change <= 0.001) return;
        fills += 1;
        const spot = toPoint(reading.position ?? { lat: 0, lon: 0 });
        expect(Math.min(...stations.map((station) => distance(station.position, spot)))).toBeLessThan(60);
      });
      const [first, last] = [readings[0]?.reading, readings.at(-1)?.reading];
      const metres = metric(last, 'odometer') - metric(first, 'odometer');
      if (metres > 500 && metric(last, 'fuel') < metric(first, 'fuel')) {
        expect(metric(first, 'fuel') - metric(last, 'fuel')).toBeGreaterThan(metres * 0.00007);
      }
    }
    expect(fills).toBeGreaterThan(5);
    expect(drops).toBeGreaterThan(500);
  });

  it('people walk at walking speed, and their hearts and steps follow', () => {
    const walks = wearables.flatMap(([, readings]) =>
      readings.filter(({ reading }) => (reading.position?.speed ?? 0) > 0.5),
    );
    expect(walks.length).toBeGreaterThan(200);
    for (const { reading } of walks) expect(reading.position?.speed).toBeLessThan(1.8);
    for (const [, readings] of wearables) {
      readings.forEach(({ reading }, index) => {
        expect(metric(reading, 'heartRate')).toBeGreaterThan(40);
        expect(metric(reading, 'heartRate')).toBeLessThan(190);
        if (index > 0)
          expect(metric(reading, 'steps')).toBeGreaterThanOrEqual(
            metric(readings[index - 1]?.reading, 'steps'),
          );
      });
    }
  });

  it('fridges stay cool, are opened, and run out of milk', () => {
    const all = fridges.flatMap(([, readings]) => readings.map(({ reading }) => reading));
    for (const reading of all) {
      expect(reading.position).toBeUndefined();
      expect(metric(reading, 'temperature')).toBeGreaterThan(2);
      expect(metric(reading, 'temperature')).toBeLessThan(9);
      expect(metric(reading, 'milk')).toBeGreaterThanOrEqual(0);
    }
    expect(all.some((reading) => reading.metrics.door === true)).toBe(true);
    expect(all.some((reading) => metric(reading, 'milk') < 0.3)).toBe(true);
    expect(all.some((reading) => reading.metrics.compressor === true)).toBe(true);
  });

  it('reach points of interest within 20 seconds, and go on doing so', () => {
    const arrivals: number[] = [];
    for (const [, readings] of [...cars, ...wearables]) {
      let inside = new Set<string>();
      for (const { second, reading } of readings) {
        if (reading.position === undefined) continue;
        const spot = toPoint(reading.position);
        const now = new Set(
          city.pois.filter((poi) => distance(poi.position, spot) < poi.radiusMetres).map((poi) => poi.id),
        );
        for (const id of now) if (!inside.has(id)) arrivals.push(second);
        inside = now;
      }
    }
    expect(arrivals.filter((second) => second < 20).length).toBeGreaterThanOrEqual(5);
    for (let minute = 0; minute < 7; minute += 1) {
      expect(arrivals.filter((second) => Math.floor(second / 60) === minute).length).toBeGreaterThanOrEqual(
        3,
      );
    }
  });
});

function nearestStreetMetres(city: City, point: Point): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const { a, b } of city.graph.edges) {
    const [from, to] = [city.graph.nodes[a], city.graph.nodes[b]];
    if (from !== undefined && to !== undefined)
      nearest = Math.min(nearest, distanceToSegment(point, from, to));
  }
  return nearest;
}

/** Metres from one corner to all others, by another method than the one under test. */
function bellmanFord({ graph }: City, from: number): number[] {
  const metres = graph.nodes.map((_, node) => (node === from ? 0 : Number.POSITIVE_INFINITY));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { a, b, lengthMetres } of graph.edges) {
      for (const [near, far] of [
        [a, b],
        [b, a],
      ] as const) {
        const through = (metres[near] ?? 0) + lengthMetres;
        if (through < (metres[far] ?? 0)) {
          metres[far] = through;
          changed = true;
        }
      }
    }
  }
  return metres;
}
