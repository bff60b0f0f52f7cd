import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { parsePlace } from '../../rules/places/place.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import type { Visit } from '../../rules/step.ts';
import { must, rule, WILLING } from './scenario.ts';

/** Car GPS of Curitiba at 1 Hz, MIT (pabsantos/ndsbr). */
const DATA = new URL('../../../shared/data/curitiba/', import.meta.url);
const FILES = ['driver_A.csv', 'driver_C.csv'];
const hasData = FILES.every((file) => existsSync(new URL(file, DATA)));
const skipped = hasData ? '' : ' (skipped: ../shared/data/curitiba is absent)';

const METRES_PER_DEGREE = (6_378_137 * Math.PI) / 180;
/** A car that keeps within this of where it stopped, for so long, is parked (or waits at a light). */
const PARKED_METRES = 3;
const PARKED_MS = 20_000;
/** Signed distances of the border from the parked car: negative, the car is inside. */
const OFFSETS_METRES = [-60, -25, -15, -8, -3, -0.5, 0.5, 3, 8, 12, 18, 22, 28, 35, 45];
const ACCURACIES_METRES = [5, 10, 20, 35, 60];

interface TrackPoint {
  readonly at: number;
  readonly lat: number;
  readonly lon: number;
}

interface Stop {
  readonly from: number;
  readonly until: number;
  readonly lat: number;
  readonly lon: number;
}

/** A place with the distance from its edge in plain metres (negative inside), which rules/ has no part in. */
interface Fence {
  readonly id: string;
  readonly feature: object;
  readonly outside: (east: number, north: number) => number;
  readonly least: number;
}

/** One fix of driver C lies 2,800 km off. */
const LARGEST_TRIP_METRES = 100_000;

/** Trips, in order of time. The clock of the recording is the column headed `03:00:00`; numbers have decimal commas. */
function readTrips(): TrackPoint[][] {
  const trips = new Map<string, TrackPoint[]>();
  for (const file of FILES) {
    const [head = '', ...lines] = readFileSync(new URL(file, DATA), 'utf8').trim().split(/\r?\n/);
    const columns = head.split(';');
    const column = (cells: readonly string[], name: string) => cells[columns.indexOf(name)] ?? '';
    for (const line of lines) {
      const cells = line.split(';');
      const [day = 1, month = 1, year = 2019] = column(cells, 'DAY').split('/').map(Number);
      const [hour = 0, minute = 0, second = 0] = column(cells, '03:00:00').split(':').map(Number);
      const number = (name: string) => Number(column(cells, name).replace(',', '.'));
      const trip = column(cells, 'ID');
      const at = Date.UTC(year, month - 1, day, hour, minute, second);
      const point = { at, lat: number('LAT'), lon: number('LONG') };
      trips.set(trip, [...(trips.get(trip) ?? []), point]);
    }
  }
  return [...trips.values()];
}

/** Metres east and north of a stop. */
function metresFrom(stop: Stop, { lat, lon }: Pick<TrackPoint, 'lat' | 'lon'>): [number, number] {
  const east = (lon - stop.lon) * METRES_PER_DEGREE * Math.cos((stop.lat * Math.PI) / 180);
  return [east, (lat - stop.lat) * METRES_PER_DEGREE];
}

function degreesFrom(stop: Stop, east: number, north: number): [number, number] {
  const lon = stop.lon + east / (METRES_PER_DEGREE * Math.cos((stop.lat * Math.PI) / 180));
  return [lon, stop.lat + north / METRES_PER_DEGREE];
}

function stopsOf(trip: readonly TrackPoint[]): Stop[] {
  const stops: Stop[] = [];
  let start = 0;
  for (let next = 1; next <= trip.length; next++) {
    const [first, last, point] = [trip[start], trip[next - 1], trip[next]];
    if (first === undefined || last === undefined) break;
    const stop = { from: first.at, until: last.at, lat: first.lat, lon: first.lon };
    if (point !== undefined) {
      if (Math.hypot(...metresFrom(stop, point)) <= PARKED_METRES) continue;
    }
    if (stop.until - stop.from >= PARKED_MS) stops.push(stop);
    start = next;
  }
  return stops;
}

/** Circles and squares whose border passes a stop at the offset, on the side of a bearing. */
function fencesOf(stop: Stop): Fence[] {
  const fences: Fence[] = [];
  for (const offset of OFFSETS_METRES) {
    for (const [side, radius] of [30, 100, 400, 1500].entries()) {
      const angle = side * 1.3 + offset;
      const away = radius + offset;
      const [east, north] = [away * Math.cos(angle), away * Math.sin(angle)];
      if (away <= 0) continue;
      fences.push({
        id: `circle-${radius}-${offset}`,
        feature: {
          geometry: { type: 'Point', coordinates: degreesFrom(stop, east, north) },
          properties: { radiusMetres: radius },
        },
        outside: (x, y) => Math.hypot(x - east, y - north) - radius,
        least: Math.min(200, Math.max(20, radius / 10)),
      });
    }
    for (const half of [50, 300]) {
      const corners = [
        [-half, offset],
        [half, offset],
        [half, offset + 2 * half],
        [-half, offset + 2 * half],
        [-half, offset],
      ] as const;
      fences.push({
        id: `square-${half}-${offset}`,
        feature: {
          geometry: { type: 'Polygon', coordinates: [corners.map(([x, y]) => degreesFrom(stop, x, y))] },
          properties: {},
        },
        outside: (x, y) => {
          const dx = Math.abs(x) - half;
          const dy = Math.abs(y - offset - half) - half;
          return dx <= 0 && dy <= 0 ? Math.max(dx, dy) : Math.hypot(Math.max(dx, 0), Math.max(dy, 0));
        },
        least: Math.max(20, (2 * half) / Math.sqrt(Math.PI) / 10),
      });
    }
  }
  return fences;
}

/** A small seeded generator (Mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Drive {
  readonly visits: ReadonlyMap<string, readonly Visit[]>;
  readonly offers: number;
}

/**
 * Hands over the fixes around a stop.
 *
 * @param noise metres that a fix may be off, anywhere in that circle; null: as recorded
 */
function drive(
  trip: readonly TrackPoint[],
  stop: Stop,
  fences: readonly Fence[],
  noise: number | null,
  seed: number,
): Drive {
  const rulebook = compileRulebook({
    places: fences.map(({ id, feature }) => must(parsePlace(id, { type: 'Feature', ...feature }))),
    rules: [
      {
        rule: rule({ id: 'hello', trigger: { place: { id: 'circle-100-3' }, on: 'enter' } }),
        version: 1,
        state: 'live',
      },
    ],
    deviceTypes: BUILT_IN_DEVICE_TYPES,
  });
  const random = seeded(seed);
  const visits = new Map<string, Map<string, Visit>>();
  let offers = 0;
  let memory: Memory = emptyMemory;
  for (const [index, point] of trip.entries()) {
    const away = (noise ?? 0) * Math.sqrt(random());
    const angle = 2 * Math.PI * random();
    const [east, north] = metresFrom(stop, point);
    const [lon, lat] =
      noise === null
        ? [point.lon, point.lat]
        : degreesFrom(stop, east + away * Math.cos(angle), north + away * Math.sin(angle));
    const position = { lat, lon, ...(noise === null ? {} : { accuracy: noise }) };
    const device = { id: 'car-1', type: 'car' };
    const input = { kind: 'reading', device, consumer: WILLING, readingId: `${index}` } as const;
    const step = decide(rulebook, memory, { ...input, reading: { at: point.at, position } }, point.at);
    memory = step.memory;
    offers += step.decisions.filter(({ outcome }) => outcome.kind === 'sent').length;
    for (const visit of step.visits)
      visits.set(visit.place, (visits.get(visit.place) ?? new Map<string, Visit>()).set(visit.id, visit));
  }
  return { visits: new Map([...visits].map(([place, byId]) => [place, [...byId.values()]])), offers };
}

/**
 * What must not be: coming back without having truly been away; and crossing the border more than once while parked. Who drove through
 * a corner of the place and parked beside it may leave it there, and with fixes off by more than the margin seem to come in again: once.
 */
function flapsOf(
  trip: readonly TrackPoint[],
  stop: Stop,
  fence: Fence,
  visits: readonly Visit[],
  leastMetres: number,
  mostCrossings: number,
): string[] {
  const flaps: string[] = [];
  const isParked = (at: number | undefined) => at !== undefined && at >= stop.from && at <= stop.until;
  const entered = visits.filter(({ enteredAt }) => isParked(enteredAt)).length;
  const left = visits.filter(({ exitedAt }) => isParked(exitedAt)).length;
  if (entered + left > mostCrossings || entered > 1 || left > 1)
    flaps.push(`${fence.id}: entered ${entered} times and left ${left} times while parked`);
  for (const [index, visit] of visits.entries()) {
    const left = visits[index - 1]?.exitedAt;
    if (left === undefined) continue;
    const farthest = Math.max(
      ...trip
        .filter(({ at }) => at >= left && at <= visit.enteredAt)
        .map((point) => fence.outside(...metresFrom(stop, point)))
        .filter((metres) => metres < LARGEST_TRIP_METRES),
    );
    if (farthest < leastMetres) flaps.push(`${fence.id}: came back from ${farthest.toFixed(1)} m`);
  }
  return flaps;
}

/** How often the recorded car came in, having been further out than the margin before. */
function driveIns(trip: readonly TrackPoint[], stop: Stop, { outside, least }: Fence): number {
  let count = 0;
  let isIn = false;
  for (const point of trip) {
    const metres = outside(...metresFrom(stop, point));
    if (metres > LARGEST_TRIP_METRES) continue;
    if (!isIn && metres <= 0) {
      isIn = true;
      count += 1;
    } else if (isIn && metres > least + 10) isIn = false;
  }
  return count;
}

describe.skipIf(!hasData)(`a car parked on and near a border${skipped}`, () => {
  const stops = hasData ? readTrips().flatMap((trip) => stopsOf(trip).map((stop) => ({ trip, stop }))) : [];

  it('is found in the recordings', () => {
    expect(stops.length).toBeGreaterThanOrEqual(10);
  });

  it('enters once for each time that it drove in, and leaves once', () => {
    let entered = 0;
    for (const { trip, stop } of stops) {
      const fences = fencesOf(stop);
      const { visits } = drive(trip, stop, fences, null, 1);
      for (const fence of fences) {
        const found = visits.get(fence.id) ?? [];
        entered += found.length;
        expect(flapsOf(trip, stop, fence, found, fence.least, 1)).toEqual([]);
        expect([fence.id, found.length]).toEqual([fence.id, driveIns(trip, stop, fence)]);
      }
    }
    expect(entered).toBeGreaterThan(stops.length * 40);
  });

  it.each(ACCURACIES_METRES)('does not flap while its fixes are off by up to %d m', (accuracy) => {
    const flaps: string[] = [];
    const most = accuracy <= 20 ? 1 : 2;
    let offers = 0;
    for (const [index, { trip, stop }] of stops.entries()) {
      const fences = fencesOf(stop);
      const driven = drive(trip, stop, fences, accuracy, 100 * accuracy + index);
      offers += driven.offers;
      for (const fence of fences)
        flaps.push(...flapsOf(trip, stop, fence, driven.visits.get(fence.id) ?? [], 20, most));
    }
    expect(flaps).toEqual([]);
    expect(offers).toBeGreaterThan(0);
  });
});
