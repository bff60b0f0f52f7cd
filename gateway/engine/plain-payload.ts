import { EARLIEST_AT, LATEST_AT } from '../../broker/codecs/json-reading.ts';
import type { Position, Reading } from '../../rules/readings/reading.ts';
import { PlainText } from './plain-text.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** More are rare. */
const MOST_METRICS = 32;

/** One at a time, for reading never waits. */
const text = new PlainText();
const names: string[] = [];
const values: number[] = [];
/** The metrics before, with their names in order: devices say the same ones again and again, and a copy with other values is quick. */
let shape: Readonly<Record<string, number>> = {};
let shapeNames: readonly string[] = [];

/**
 * Reads a native reading of the plainest kind, as nearly all are: numbers alone, no spaces, nothing twice, nothing to refuse. It takes
 * two fifths of what JSON.parse and the checks of the codec take, and gives what these give (test/gateway/engine/plain-payload.test.ts).
 *
 * @returns null for whatever else: that is for the codec
 */
export function readPlain(payload: Uint8Array): Reading | null {
  text.begin(payload);
  if (!text.opens()) return null;
  let at: number | undefined;
  let position: Position | undefined;
  let metrics: Reading['metrics'];
  for (;;) {
    switch (text.name()) {
      case 'at':
        if (at !== undefined) return null;
        at = Math.trunc(text.number());
        // Other times are for the codec to refuse.
        if (!(at >= EARLIEST_AT && at <= LATEST_AT)) return null;
        break;
      case 'position':
        if (position !== undefined) return null;
        position = readPosition();
        if (position === undefined) return null;
        break;
      case 'metrics':
        if (metrics !== undefined) return null;
        metrics = readMetrics();
        if (metrics === undefined) return null;
        break;
      default:
        return null;
    }
    const next = text.next();
    if (next === null) return null;
    if (next === 'closed') break;
  }
  if (!text.isAtEnd || (position === undefined && metrics === undefined)) return null;
  // In the order of the codec, for a repetition is known by a hash of the whole.
  const reading: Mutable<Reading> = {};
  if (at !== undefined) reading.at = at;
  if (position !== undefined) reading.position = position;
  if (metrics !== undefined) reading.metrics = metrics;
  return reading;
}

function readPosition(): Position | undefined {
  if (!text.opens()) return undefined;
  const found: { -readonly [K in keyof Position]-?: number | undefined } = {
    lat: undefined,
    lon: undefined,
    accuracy: undefined,
    speed: undefined,
    heading: undefined,
    altitude: undefined,
  };
  for (;;) {
    const name = text.name();
    switch (name) {
      case 'lat':
      case 'lon':
      case 'accuracy':
      case 'speed':
      case 'heading':
      case 'altitude':
        if (found[name] !== undefined) return undefined;
        found[name] = text.number();
        if (Number.isNaN(found[name])) return undefined;
        break;
      default:
        return undefined;
    }
    const next = text.next();
    if (next === null) return undefined;
    if (next === 'closed') break;
  }
  const { lat, lon, accuracy, speed, heading, altitude } = found;
  if (lat === undefined || lat < -90 || lat > 90 || lon === undefined || lon < -180 || lon > 180)
    return undefined;
  const position: Mutable<Position> = { lat, lon };
  if (accuracy !== undefined) position.accuracy = accuracy;
  if (speed !== undefined) {
    if (speed < 0) return undefined;
    position.speed = speed;
  }
  if (heading !== undefined) {
    if (heading < 0 || heading > 360) return undefined;
    position.heading = heading;
  }
  if (altitude !== undefined) position.altitude = altitude;
  return position;
}

function readMetrics(): Reading['metrics'] {
  if (!text.opens()) return undefined;
  let count = 0;
  let isSame = true;
  for (;;) {
    const name = text.name();
    const value = text.number();
    if (name === null || Number.isNaN(value) || count === MOST_METRICS) return undefined;
    if (name !== shapeNames[count]) isSame = false;
    names[count] = name;
    values[count] = value;
    count += 1;
    const next = text.next();
    if (next === null) return undefined;
    if (next === 'closed') break;
  }
  if ((!isSame || count !== shapeNames.length) && !takeShape(count)) return undefined;
  const metrics: Record<string, number> = { ...shape };
  for (let index = 0; index < count; index += 1) metrics[names[index] ?? ''] = values[index] ?? 0;
  return metrics;
}

/** Returns whether the names can be those of a shape: none comes twice, and none would change the prototype. */
function takeShape(count: number): boolean {
  const next: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const name = names[index] ?? '';
    if (name === '__proto__' || Object.hasOwn(next, name)) return false;
    next[name] = 0.5;
  }
  shape = next;
  shapeNames = names.slice(0, count);
  return true;
}
