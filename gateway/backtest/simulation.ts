import FlatQueue from 'flatqueue';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory, own } from '../../rules/memory.ts';
import { admit } from '../../rules/readings/admission.ts';
import type { Position, Reading } from '../../rules/readings/reading.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import { createSkims } from '../../rules/skim.ts';
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
  reading(device: number, receivedAt: number, position: Position | undefined): void;
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
  const skimOf = createSkims(rulebook);
  const skimsOf = devices.map(skimOf);
  /** The next turn of each consumer within the batch that is being taken; -1 where there is none. */
  const nextTurn = new Int32Array(people.length).fill(-1);

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

  /**
   * The rows of one subject are taken one after the other for as long as they can be skimmed, ahead of those of others: nobody else is
   * concerned by them, and what is remembered of the subject is then near at hand for the processor, which halves the time. All that
   * decides, and so may concern others, comes in its order.
   */
  function take(batch: ScanBatch): void {
    const rows = rowsOf(batch, orderOf(batch));
    const following = new Int32Array(batch.rows);
    for (let turn = batch.rows - 1; turn >= 0; turn -= 1) {
      const owner = devices[rows.device(turn)]?.owner ?? -1;
      if (owner < 0) continue;
      following[turn] = nextTurn[owner] ?? -1;
      nextTurn[owner] = turn;
    }
    for (let turn = 0; turn < batch.rows; turn += 1) {
      const owner = devices[rows.device(turn)]?.owner ?? -1;
      if (nextTurn[owner] !== turn) continue;
      tickUntil(rows.receivedAt(turn));
      let blocked = skims ? firstUnskimmed(owner, turn, rows, following) : turn;
      if (blocked === turn) {
        step(owner, turn, rows);
        blocked = following[turn] ?? -1;
        if (skims && blocked >= 0) blocked = firstUnskimmed(owner, blocked, rows, following);
      }
      nextTurn[owner] = blocked;
    }
    if (batch.rows > 0) tickUntil(rows.receivedAt(batch.rows - 1));
  }

  /** Skims the rows of a subject from one on, and gives the first that must be decided on; -1 where there is none. */
  function firstUnskimmed(owner: number, from: number, rows: Rows, following: Int32Array): number {
    const memory = memories[owner] ?? emptyMemory;
    let wakeAt = wanted[owner] ?? Infinity;
    let turn = from;
    for (; turn >= 0; turn = following[turn] ?? -1) {
      if (!rows.mayBeSkimmed(turn)) break;
      const index = rows.device(turn);
      const now = rows.receivedAt(turn);
      const reading = rows.reading(turn);
      const next = skimsOf[index]?.(memory, wakeAt, reading, now) ?? null;
      if (next === null) break;
      wakeAt = next;
      observer.reading(index, now, reading.position);
    }
    if (turn !== from) want(owner, wakeAt);
    return turn;
  }

  function step(owner: number, turn: number, rows: Rows): void {
    const index = rows.device(turn);
    const device = devices[index];
    if (device === undefined) return;
    const now = rows.receivedAt(turn);
    const reading = rows.reading(turn);
    observer.reading(index, now, reading.position);
    const isPast = rows.isLate(turn) && !isLateAgain(device, reading, now);
    const input: Input = {
      kind: 'reading',
      device,
      consumer: people[owner]?.at(now) ?? null,
      reading,
      readingId: rows.readingId(turn),
      ...(isPast && { arrivedAt: now }),
    };
    noteStep(owner, decide(rulebook, memories[owner] ?? emptyMemory, input, now, ledger));
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

/** The rows of a batch in the order in which they are to be taken. */
interface Rows {
  device(turn: number): number;
  receivedAt(turn: number): number;
  isLate(turn: number): boolean;
  mayBeSkimmed(turn: number): boolean;
  readingId(turn: number): string;
  reading(turn: number): TimedReading;
}

type TimedReading = Reading & { readonly at: number };

function rowsOf(batch: ScanBatch, order: Int32Array | null): Rows {
  const events = finderOf(batch.rows, batch.events.rows, eventsOf(batch));
  const metrics = finderOf(batch.rows, batch.metrics.rows, metricsOf(batch));
  const rowOf = (turn: number) => (order === null ? turn : (order[turn] ?? turn));
  const hasBit = (turn: number, bit: number) => ((batch.bits[rowOf(turn)] ?? 0) & bit) !== 0;
  return {
    device: (turn) => batch.device[rowOf(turn)] ?? -1,
    receivedAt: (turn) => batch.receivedAt[rowOf(turn)] ?? 0,
    isLate: (turn) => hasBit(turn, SCAN_BITS.late),
    mayBeSkimmed: (turn) => !hasBit(turn, SCAN_BITS.late) && events(rowOf(turn)) === undefined,
    readingId: (turn) => String(batch.seq[rowOf(turn)]),
    reading(turn) {
      const row = rowOf(turn);
      const reading: { -readonly [K in keyof TimedReading]: TimedReading[K] } = { at: batch.at[row] ?? 0 };
      const lat = batch.lat[row] ?? Number.NaN;
      if (!Number.isNaN(lat)) reading.position = positionOf(batch, row, lat);
      const values = metrics(row);
      if (values !== undefined) reading.metrics = values;
      const event = events(row);
      if (event !== undefined) reading.event = event;
      return reading;
    },
  };
}

/** Finds the value of a row; undefined where it has none. */
function finderOf<T>(
  rows: number,
  rowsWithValue: Int32Array,
  values: readonly T[],
): (row: number) => T | undefined {
  if (values.length === 0) return () => undefined;
  const indices = new Int32Array(rows).fill(-1);
  // What lies behind the last row is of the next batch.
  for (let index = 0; index < rowsWithValue.length; index += 1) indices[rowsWithValue[index] ?? rows] = index;
  return (row) => values[indices[row] ?? -1];
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
