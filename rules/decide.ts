import { type Draft, deviceOf, setDevice } from './draft.ts';
import { atMostMetresApart, squaredChord, unitVector, withinChord } from './geometry/sphere.ts';
import { forgetOldCauses, judge } from './judge.ts';
import {
  type DeviceMemory,
  type Fix,
  type Memory,
  MOST_REMEMBERED_NAMES,
  newDeviceMemory,
  REMAINING_NAMES,
  setOwn,
  sizeOf,
} from './memory.ts';
import { settleMoment } from './pacing/settle.ts';
import { type Admission, admit } from './readings/admission.ts';
import type { MetricValue, Position } from './readings/reading.ts';
import type { Rulebook } from './rulebook.ts';
import { EMPTY_LEDGER, type Input, type Ledger, type Step } from './step.ts';
import { crossThresholds } from './visits/crossings.ts';
import { refuteFix } from './visits/refuted-fix.ts';
import { nextDueAt, runTimers } from './visits/timers.ts';
import { follow, type TrackVerdict } from './visits/track.ts';
import { endVisits, moveThroughPlaces } from './visits/visits.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Missing and negative accuracies count as this. */
const DEFAULT_ACCURACY_METRES = 10;
/** Half the equator: less is known of no position on earth. */
const COARSEST_METRES = 20_040_000;
/** A device that is this far from where it was has moved. */
const MOVED_METRES = 100;
const MOVED_CHORD_SQUARED = squaredChord(MOVED_METRES);

/**
 * One step of one subject: what happened, to what was known, gives what is known now and what is to be done. Pure: the same
 * arguments give the same step, and no argument is changed. Never throws on data.
 *
 * Before a reading is taken, everything of the subject that fell due up to `now` is done; so it does not matter when ticks come, or
 * how readings are batched.
 *
 * @param memory of this subject; {@link emptyMemory} for a new one
 * @param now domain time, epoch ms: arrival of a reading, or the present for a tick
 * @param ledger what all subjects were sent before this step
 */
export function decide(
  rulebook: Rulebook,
  memory: Memory,
  input: Input,
  now: number,
  ledger: Ledger = EMPTY_LEDGER,
): Step {
  const draft: Draft = {
    rulebook,
    consumer: input.consumer,
    ledger,
    memory: { ...memory },
    ownDevices: null,
    decisions: [],
    candidates: [],
    visits: [],
  };
  runTimers(draft, now);
  const admission = input.kind === 'reading' ? takeReading(draft, input, now) : null;
  settleMoment(draft);
  if (draft.visits.length > 0 || draft.decisions.length > 0) forgetOldCauses(draft, now);
  return {
    memory: draft.memory,
    decisions: draft.decisions,
    visits: draft.visits,
    admitted: admission?.admission?.stored ?? null,
    problems: admission?.problems ?? [],
    remarks: admission?.remarks ?? [],
    wakeAt: nextDueAt(rulebook, draft.memory),
  };
}

function takeReading(draft: Draft, input: Extract<Input, { kind: 'reading' }>, now: number) {
  const { device, reading, readingId, arrivedAt } = input;
  const type = draft.rulebook.deviceTypes.get(device.type) ?? null;
  const known = deviceOf(draft, device.id);
  const result = admit(reading, type, known, arrivedAt ?? now, arrivedAt !== undefined);
  const { admission } = result;
  if (admission === null) return result;
  if (admission.lateEvent !== null)
    fireEvent(draft, device.id, device.type, admission.lateEvent, readingId, now);
  if (admission.isLate) return result;
  const before = known ?? newDeviceMemory(device.type);
  const { position } = admission;
  const fix = position === null ? null : fixOf(position, admission.at);
  const verdict = fix === null ? null : follow(before.track, before.held, fix, readingId);
  // Metrics first: the condition of a place rule sees the values that came with the position.
  const heard = hear(before, device.type, admission, now);
  setDevice(draft, device.id, verdict === null || fix === null ? heard : moved(heard, fix, verdict));
  if (type?.mobile ?? true) {
    if (verdict !== null) visitPlaces(draft, device.id, before.track, verdict, readingId, now);
  } else if (sizeOf(before.visits) > 0) endVisits(draft, device.id, before.visits, admission.at);
  for (const name in admission.metrics) {
    const value = admission.metrics[name];
    if (value !== undefined) crossThresholds(draft, device.id, name, value, readingId, now);
  }
  if (admission.event !== null)
    fireEvent(draft, device.id, device.type, { name: admission.event }, readingId, now);
  return result;
}

/** A sign of life, and the values that came with it. A copy, which `moved` may still change. */
function hear(device: DeviceMemory, type: string, admission: Admission, now: number): Mutable<DeviceMemory> {
  const { at, metrics, event } = admission;
  const heard: Mutable<DeviceMemory> = { ...device };
  heard.type = type;
  heard.heardAt = Math.max(device.heardAt, now);
  heard.lastAt = Math.max(device.lastAt, at);
  if (admission.position !== null) heard.positionAt = at;
  heard.metrics = withLatest(device.metrics, metrics, at);
  if (event !== null) heard.events = bounded({ ...device.events, [event]: at }, (time) => time);
  return heard;
}

export function withLatest(
  known: DeviceMemory['metrics'],
  fresh: Readonly<Record<string, MetricValue>>,
  at: number,
): DeviceMemory['metrics'] {
  let latest: Record<string, DeviceMemory['metrics'][string]> | null = null;
  for (const name in fresh) {
    const value = fresh[name];
    if (value === undefined) continue;
    latest ??= { ...known };
    setOwn(latest, name, { value, at });
  }
  return latest === null ? known : bounded(latest, (one) => one.at);
}

/** Keeps the newest names: a device that invents a name for every reading must not fill the memory. */
function bounded<T>(
  record: Readonly<Record<string, T>>,
  timeOf: (value: T) => number,
): Readonly<Record<string, T>> {
  if (sizeOf(record) <= MOST_REMEMBERED_NAMES) return record;
  const entries = Object.entries(record);
  entries.sort(([, a], [, b]) => timeOf(b) - timeOf(a));
  return Object.fromEntries(entries.slice(0, REMAINING_NAMES));
}

/** What is no number is left out: memory is kept as JSON, which has no such thing. */
export function fixOf(position: Position, at: number): Fix {
  const { lat, lon, accuracy, speed, heading, altitude } = position;
  const fix: Mutable<Fix> = { lat, lon, at, accuracy: DEFAULT_ACCURACY_METRES };
  if (accuracy !== undefined && accuracy >= 0) fix.accuracy = Math.min(accuracy, COARSEST_METRES);
  if (speed !== undefined && Number.isFinite(speed)) fix.speed = speed;
  if (heading !== undefined && Number.isFinite(heading)) fix.heading = heading;
  if (altitude !== undefined && Number.isFinite(altitude)) fix.altitude = altitude;
  return fix;
}

/** Takes a fix into a copy of a device's memory. */
function moved(device: Mutable<DeviceMemory>, fix: Fix, verdict: TrackVerdict): DeviceMemory {
  switch (verdict.kind) {
    case 'ignored':
      return device;
    case 'held':
      device.held = verdict.held;
      return device;
    case 'admitted':
      device.track = verdict.track;
      device.held = verdict.held;
      device.anchor = anchorAfter(device.anchor, fix);
      return device;
  }
}

function visitPlaces(
  draft: Draft,
  deviceId: string,
  before: DeviceMemory['track'],
  verdict: TrackVerdict,
  readingId: string,
  now: number,
): void {
  if (verdict.kind === 'ignored') return;
  for (const held of verdict.refuted) refuteFix(draft, deviceId, held, now);
  if (verdict.kind === 'held') return;
  const { from, track } = verdict;
  moveThroughPlaces(draft, deviceId, { before, from, fix: track }, readingId, now);
}

export function anchorAfter(anchor: DeviceMemory['anchor'], fix: Fix): DeviceMemory['anchor'] {
  if (anchor === null) return { lat: fix.lat, lon: fix.lon, movedAt: 0 };
  if (atMostMetresApart(anchor, fix) <= MOVED_METRES) return anchor;
  const here = unitVector(fix.lat, fix.lon);
  if (withinChord(unitVector(anchor.lat, anchor.lon), here, MOVED_CHORD_SQUARED)) return anchor;
  return { lat: fix.lat, lon: fix.lon, movedAt: fix.at };
}

function fireEvent(
  draft: Draft,
  deviceId: string,
  deviceType: string,
  event: { readonly name: string; readonly detail?: string },
  readingId: string,
  now: number,
): void {
  const rules = draft.rulebook.rulesOfEvent(event.name);
  if (rules.length === 0) return;
  const found = `${deviceId} (${deviceType}) told of the event ${event.name}`;
  for (const rule of rules) {
    judge(draft, {
      rule,
      deviceId,
      place: null,
      visit: null,
      cause: readingId,
      at: now,
      found,
      ...(event.detail === undefined
        ? {}
        : { obstacle: { reason: 'late_reading', detail: event.detail } as const }),
    });
  }
}
