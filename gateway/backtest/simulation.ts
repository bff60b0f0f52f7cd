import FlatQueue from 'flatqueue';
import { admit } from '../../rules/admission.ts';
import { decide } from '../../rules/decide.ts';
import { type DeviceMemory, emptyMemory, type Memory, own } from '../../rules/memory.ts';
import type { MetricValue, Position, Reading } from '../../rules/reading.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import { type PositionReading, skim } from '../../rules/skim.ts';
import type { Decision, DeviceFacts, Input, Step } from '../../rules/step.ts';
import { eventsOf, metricsOf, SCAN_BITS, type ScanBatch } from '../telemetry/telemetry-scan.ts';
import type { SimulatedLedger } from './ledger.ts';
import type { Person } from './people.ts';

/** A device of the scan, with whom it belongs to. */
export interface SimulatedDevice extends DeviceFacts {
  /** Index of the consumer. */
  readonly owner: number;
}

/** Who is told of what the simulation comes to; in order of time. */
export interface SimulationObserver {
  /** @param device index */
  reading(device: number, receivedAt: number, lat: number, lon: number): void;
  /** @param owner index of the consumer */
  decided(owner: number, decisions: readonly Decision[]): void;
}

export interface Simulation {
  /** Goes through readings in the order of their arrival, and whatever falls due before each. */
  take(batch: ScanBatch): void;
  /** Does what falls due before `to`. */
  finish(to: number): void;
  /** What is remembered of a consumer, for tests. */
  memory(owner: number): Memory;
}

export interface SimulationParts {
  readonly rulebook: Rulebook;
  /** In the order of the scan's `deviceKeys`. */
  readonly devices: readonly SimulatedDevice[];
  readonly people: readonly Person[];
  readonly ledger: SimulatedLedger;
  readonly observer: SimulationObserver;
  /** False has every reading go the long way, which comes to the same: for tests and to measure by. */
  readonly skims?: boolean;
}

/**
 * Takes stored readings through the same `decide` that the engine uses. The time is that of arrival, as it was for the engine; ticks
 * come when a subject asked for them, and consents and subscriptions are as they were.
 */
export function createSimulation(parts: SimulationParts): Simulation {
  const { rulebook, devices, people, ledger, observer, skims = true } = parts;
  const memories: Memory[] = people.map(() => emptyMemory);
  /** When each consumer wants the next tick; Infinity: never. */
  const wanted = new Float64Array(people.length).fill(Infinity);
  /** The earliest time at which each is in the queue. It is not put in again for a later one: it is looked at then, and put off. */
  const queuedAt = new Float64Array(people.length).fill(Infinity);
  const queue = new FlatQueue<number>();
  /** What is remembered of each device, and the memory that it was found in. */
  const known: (DeviceMemory | undefined)[] = devices.map(() => undefined);
  const knownIn: (Memory | undefined)[] = devices.map(() => undefined);

  function want(owner: number, wakeAt: number): void {
    wanted[owner] = wakeAt;
    if (wakeAt >= (queuedAt[owner] ?? Infinity)) return;
    queuedAt[owner] = wakeAt;
    queue.push(owner, wakeAt);
  }

  function noteStep(owner: number, step: Step): void {
    memories[owner] = step.memory;
    want(owner, step.wakeAt ?? Infinity);
    if (step.decisions.length === 0) return;
    ledger.take(step.decisions);
    observer.decided(owner, step.decisions);
  }

  function stepOf(owner: number, input: Input, now: number): void {
    noteStep(owner, decide(rulebook, memories[owner] ?? emptyMemory, input, now, ledger));
  }

  function skimmed(
    index: number,
    device: SimulatedDevice,
    reading: PositionReading,
    now: number,
  ): number | null {
    const memory = memories[device.owner] ?? emptyMemory;
    // Looking it up by its name anew each time would take as long as all the rest.
    if (knownIn[index] !== memory) {
      known[index] = own(memory.devices, device.id);
      knownIn[index] = memory;
    }
    const remembered = known[index];
    if (remembered === undefined) return null;
    return skim(rulebook, memory, remembered, wanted[device.owner] ?? Infinity, device, reading, now);
  }

  function tickUntil(now: number): void {
    for (let at = queue.peekValue(); at !== undefined && at <= now; at = queue.peekValue()) {
      const owner = queue.pop();
      if (owner === undefined || queuedAt[owner] !== at) continue;
      queuedAt[owner] = Infinity;
      const wakeAt = wanted[owner] ?? Infinity;
      if (wakeAt > at) want(owner, wakeAt);
      else stepOf(owner, { kind: 'tick', consumer: people[owner]?.at(at) ?? null }, at);
    }
  }

  function take(batch: ScanBatch): void {
    const events = createCursor(batch.events.rows, eventsOf(batch));
    const metrics = createCursor(batch.metrics.rows, metricsOf(batch));
    const order = orderOf(batch);
    for (let turn = 0; turn < batch.rows; turn += 1) {
      const row = order === null ? turn : (order[turn] ?? turn);
      const now = batch.receivedAt[row] ?? 0;
      tickUntil(now);
      const index = batch.device[row] ?? -1;
      const device = devices[index];
      if (device === undefined) continue;
      observer.reading(index, now, batch.lat[row] ?? Number.NaN, batch.lon[row] ?? Number.NaN);
      const { owner } = device;
      const bits = batch.bits[row] ?? 0;
      const lat = batch.lat[row] ?? Number.NaN;
      const position = Number.isNaN(lat) ? undefined : positionOf(batch, row, lat);
      const event = events(row);
      const values = metrics(row);
      const at = batch.at[row] ?? 0;
      if (
        skims &&
        position !== undefined &&
        event === undefined &&
        values === undefined &&
        (bits & SCAN_BITS.late) === 0
      ) {
        const wakeAt = skimmed(index, device, { at, position }, now);
        if (wakeAt !== null) {
          want(owner, wakeAt);
          continue;
        }
      }
      const reading = readingOf(
        at,
        position,
        event,
        values ?? (bits & SCAN_BITS.hasMetrics ? NO_METRICS : undefined),
      );
      const isPast = (bits & SCAN_BITS.late) !== 0 && !isLateAgain(device, reading, now);
      const input: Input = {
        kind: 'reading',
        device,
        consumer: people[owner]?.at(now) ?? null,
        reading,
        readingId: String(batch.seq[row]),
        ...(isPast && { arrivedAt: now }),
      };
      stepOf(owner, input, now);
    }
  }

  /** Late it was by its age or by what had come before; else it had been in quarantine, and the past does not ring. */
  function isLateAgain(device: SimulatedDevice, reading: Reading, now: number): boolean {
    const known = own((memories[device.owner] ?? emptyMemory).devices, device.id) ?? null;
    const { admission } = admit(reading, rulebook.deviceTypes.get(device.type) ?? null, known, now);
    return admission === null || admission.stored.flags.includes('late');
  }

  return {
    take,
    finish: (to) => tickUntil(to - 1),
    memory: (owner) => memories[owner] ?? emptyMemory,
  };
}

/** Stands for metrics that were not asked for: there were some, which is a sign of life. */
const NO_METRICS: Readonly<Record<string, MetricValue>> = {};

/** Gives the value of each row; undefined where it has none. */
function createCursor<T>(rows: Int32Array, values: readonly T[]): (row: number) => T | undefined {
  let next = 0;
  return (row) => {
    // Rows are asked for in order, save within a message that held several readings.
    while (next > 0 && (rows[next - 1] ?? 0) >= row) next -= 1;
    while ((rows[next] ?? Infinity) < row) next += 1;
    return rows[next] === row ? values[next] : undefined;
  };
}

/**
 * The order in which the rows are to be taken where that is not their own, else null. A message with several readings is taken by their
 * times, whatever order they had in it; its readings arrived together and are numbered one after the other. Two messages of one device
 * that arrived in the same millisecond look the same, and are taken so too.
 */
function orderOf({ rows, device, receivedAt, at, seq }: ScanBatch): Int32Array | null {
  let order: Int32Array | null = null;
  for (let start = 0; start < rows; ) {
    let end = start + 1;
    let isSorted = true;
    while (
      end < rows &&
      device[end] === device[start] &&
      receivedAt[end] === receivedAt[start] &&
      (seq[end] ?? 0) === (seq[end - 1] ?? 0) + 1
    ) {
      if ((at[end] ?? 0) < (at[end - 1] ?? 0)) isSorted = false;
      end += 1;
    }
    if (!isSorted) {
      order ??= Int32Array.from({ length: rows }, (_, row) => row);
      order.subarray(start, end).sort((a, b) => (at[a] ?? 0) - (at[b] ?? 0) || a - b);
    }
    start = end;
  }
  return order;
}

function readingOf(
  at: number,
  position: Position | undefined,
  event: string | undefined,
  metrics: Readonly<Record<string, MetricValue>> | undefined,
): Reading {
  const reading: { -readonly [K in keyof Reading]: Reading[K] } = { at };
  if (position !== undefined) reading.position = position;
  if (metrics !== undefined) reading.metrics = metrics;
  if (event !== undefined) reading.event = event;
  return reading;
}

function positionOf({ lon, numbers }: ScanBatch, row: number, lat: number): Position {
  const position: { -readonly [K in keyof Position]: Position[K] } = { lat, lon: lon[row] ?? 0 };
  const accuracy = numbers.accuracy?.[row] ?? Number.NaN;
  const speed = numbers.speed?.[row] ?? Number.NaN;
  const heading = numbers.heading?.[row] ?? Number.NaN;
  const altitude = numbers.altitude?.[row] ?? Number.NaN;
  if (!Number.isNaN(accuracy)) position.accuracy = accuracy;
  if (!Number.isNaN(speed)) position.speed = speed;
  if (!Number.isNaN(heading)) position.heading = heading;
  if (!Number.isNaN(altitude)) position.altitude = altitude;
  return position;
}
