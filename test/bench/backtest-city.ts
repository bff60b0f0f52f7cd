import { createRandom } from '../../devices-sim/city/model/random.ts';
import type { TelemetryPoint, TelemetryStore } from '../../gateway/telemetry/telemetry-store.ts';

export const CITY_BEGIN = Date.UTC(2026, 2, 2);
export const DEVICES = 2_500;
const CENTRE = { lat: 45.4642, lon: 9.19 };
/** Half the side of the square that devices move in. */
export const CITY_METRES = 12_000;
const METRES_A_DEGREE = 111_195;
const EAST = METRES_A_DEGREE * Math.cos((CENTRE.lat * Math.PI) / 180);

const STEP_MS = 10_000;
/** Someone who stays somewhere is heard every minute. */
const STEPS_AT_REST = 6;
const POINTS_A_WRITE = 20_000;

export function positionAt(east: number, north: number): { readonly lat: number; readonly lon: number } {
  return { lat: CENTRE.lat + north / METRES_A_DEGREE, lon: CENTRE.lon + east / EAST };
}

export const deviceKey = (index: number): string => `bench-device-key-${String(index).padStart(8, '0')}`;

interface Mover {
  east: number;
  north: number;
  /** Metres per second; 0 while at rest. */
  speed: number;
  heading: number;
  /** Steps until the next turn, or until it sets off. */
  steps: number;
  /** Turns until it rests. */
  turns: number;
  fuel: number;
}

/**
 * Stores the traces of cars that drive along the blocks of a city, turn every few minutes, and rest for a quarter of an hour to two
 * hours: a fix every 10 s on the way, and every minute at rest, with 5 m of noise; every tenth with the fuel level.
 *
 * @returns when the last arrived, epoch ms
 */
export async function storeCity(
  store: TelemetryStore,
  positions: number,
  progress: (line: string) => void,
): Promise<number> {
  const random = createRandom(7);
  const { between } = random;
  const movers = Array.from(
    { length: DEVICES },
    (): Mover => ({
      east: between(-CITY_METRES, CITY_METRES),
      north: between(-CITY_METRES, CITY_METRES),
      speed: 0,
      heading: 0,
      steps: Math.floor(between(0, 400)),
      turns: 0,
      fuel: between(0.1, 1),
    }),
  );
  let seq = 0;
  let points: TelemetryPoint[] = [];
  let receivedAt = CITY_BEGIN;
  for (let step = 0; seq < positions; step += 1) {
    for (let index = 0; index < DEVICES && seq < positions; index += 1) {
      const mover = movers[index] as Mover;
      advance(mover, between);
      if (mover.speed === 0 && (step + index) % STEPS_AT_REST !== 0) continue;
      seq += 1;
      const at = CITY_BEGIN + step * STEP_MS + Math.floor((index / DEVICES) * STEP_MS);
      receivedAt = at + 200;
      points.push(pointOf(mover, index, seq, at, receivedAt, between));
      if (points.length < POINTS_A_WRITE) continue;
      await store.write(points, seq);
      points = [];
      if (seq % 2_000_000 === 0) progress(`stored ${seq / 1e6} million positions`);
    }
  }
  await store.write(points, seq);
  return receivedAt;
}

function advance(mover: Mover, between: (least: number, most: number) => number): void {
  mover.steps -= 1;
  const metres = (mover.speed * STEP_MS) / 1000;
  mover.east += Math.sin((mover.heading * Math.PI) / 180) * metres;
  mover.north += Math.cos((mover.heading * Math.PI) / 180) * metres;
  mover.fuel = mover.fuel < 0.05 ? 1 : mover.fuel - metres / 400_000;
  if (mover.steps > 0) return;
  if (mover.turns === 0) {
    // It sets off, or has come to where it stays.
    mover.turns = mover.speed === 0 ? Math.ceil(between(2, 8)) : 0;
    mover.speed = mover.turns === 0 ? 0 : between(6, 14);
    mover.steps = mover.turns === 0 ? Math.floor(between(90, 720)) : 0;
  } else mover.turns -= 1;
  if (mover.speed === 0) return;
  mover.steps = Math.floor(between(6, 25));
  mover.heading = headingInside(mover, Math.floor(between(0, 4)) * 90);
}

/** Nobody leaves the city. */
function headingInside({ east, north }: Mover, wanted: number): number {
  if (Math.abs(east) > CITY_METRES) return east > 0 ? 270 : 90;
  if (Math.abs(north) > CITY_METRES) return north > 0 ? 180 : 0;
  return wanted;
}

function pointOf(
  mover: Mover,
  index: number,
  seq: number,
  at: number,
  receivedAt: number,
  between: (least: number, most: number) => number,
): TelemetryPoint {
  const { lat, lon } = positionAt(mover.east + between(-5, 5), mover.north + between(-5, 5));
  const position = { lat, lon, accuracy: 8, speed: mover.speed, heading: mover.heading };
  const base = { deviceKey: deviceKey(index), at, seq, receivedAt, position, flags: [] };
  return seq % 10 === 0 ? { ...base, metrics: { fuel: Math.round(mover.fuel * 1000) / 1000 } } : base;
}
