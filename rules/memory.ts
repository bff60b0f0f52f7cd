import type { MetricValue } from './readings/reading.ts';

/**
 * What is remembered of one subject between steps: plain JSON, written anew by each step with what did not change shared.
 * Bounded: by the devices of a person, the places that one device is in at a time, and the limits below.
 */
export interface Memory {
  /** Everything that fell due up to this domain time is done. Epoch ms, like all times here. */
  readonly doneUntil: number;
  readonly devices: Readonly<Record<string, DeviceMemory>>;
  /** Open visits of the subject (the union of its devices' visits) by place id. */
  readonly stays: Readonly<Record<string, Stay>>;
  /** By cause, the rules that had their turn with it: their offer was sent, or outranked. One cause brings one offer of a rule. */
  readonly sent: Readonly<Record<string, SentCause>>;
  /** By rule, when it last sent to this consumer, oldest first: for cooldown and cap. */
  readonly sentTimes: Readonly<Record<string, readonly number[]>>;
  /** When any rule last sent to this consumer, oldest first: for the cap across rules. Kept only while there is one. */
  readonly allSentTimes?: readonly number[];
}

export interface DeviceMemory {
  readonly type: string;
  /** Domain time at which its last reading that was not late arrived, and the time of that reading. */
  readonly heardAt: number;
  readonly lastAt: number;
  /** Time of the newest position: an older one is late. */
  readonly positionAt: number | null;
  /** The last admitted fix: what the next one is measured by. */
  readonly track: TrackFix | null;
  /** Fixes that would be a jump, oldest first, until the next ones confirm or refute them. */
  readonly held: readonly HeldFix[];
  /** Where it was when it was last seen to move over 100 m, and when; `movedAt` 0: never. */
  readonly anchor: { readonly lat: number; readonly lon: number; readonly movedAt: number } | null;
  /** Open visits, by place id. */
  readonly visits: Readonly<Record<string, OpenVisit>>;
  /** Visits that silence closed and that the next fix may resume, by place id. */
  readonly silenced: Readonly<Record<string, SilencedVisit>>;
  /** Latest known values. */
  readonly metrics: Readonly<Record<string, { readonly value: MetricValue; readonly at: number }>>;
  /** Time of the newest event of each name. */
  readonly events: Readonly<Record<string, number>>;
  /** By rule id: a metric lies beyond the rule's threshold and has not come back far enough to fire anew. */
  readonly crossings: Readonly<Record<string, Crossing>>;
  /** What it approaches, by place id and rule id; absent where there is nothing, as in memories from before there were approaches. */
  readonly approaches?: Readonly<Record<string, Readonly<Record<string, Approach>>>>;
}

/** A position with its time (that by which it is ordered) and accuracy in metres. */
export interface Fix {
  readonly lat: number;
  readonly lon: number;
  readonly at: number;
  readonly accuracy: number;
  readonly speed?: number;
  readonly heading?: number;
  readonly altitude?: number;
}

export interface TrackFix extends Fix {
  /** Metres per second; set while the device moves faster than any car and was confirmed to (an aircraft). */
  readonly pace?: number;
}

export interface HeldFix extends Fix {
  readonly readingId: string;
}

export interface OpenVisit {
  readonly id: string;
  readonly enteredAt: number;
  /** Id of the subject's visit that it belongs to: the cause of its decisions. */
  readonly cause: string;
  /** The last fix that was accurate enough for the place; only where the device's last one was not. */
  readonly seen?: { readonly lat: number; readonly lon: number; readonly accuracy: number };
  /** How far outside the device may have been by its surest fix inside; only where that is further than the margin of the exit. */
  readonly doubtMetres?: number;
}

export interface SilencedVisit extends OpenVisit {
  /** Time of the last reading: the visit ended then. */
  readonly lastAt: number;
  /** Domain time at which the silence was noticed: a dwell that falls due later waits for the visit to be resumed. */
  readonly noticedAt: number;
}

/** The visit of a person: from the first device inside until the device that carries the person leaves. */
export interface Stay {
  readonly id: string;
  /** Devices that were inside during it; true: still inside. */
  readonly members: Readonly<Record<string, boolean>>;
}

/** A rule's approach to a place: it fires once. */
export interface Approach {
  /** Cause of its decisions; devices of one person that come together share it. */
  readonly id: string;
  /** Time of the last fix that was on its way there. */
  readonly at: number;
  /** It is over, for the device went in: kept for a while, for other devices of the person that come along. */
  readonly entered?: true;
}

export interface Crossing {
  readonly id: string;
  /** Domain time of the crossing. */
  readonly since: number;
  /** Pending: must last for the rule's `for` first. Fired: waits to be re-armed. */
  readonly state: 'pending' | 'fired';
}

export interface SentCause {
  readonly at: number;
  readonly rules: readonly string[];
}

/** More metric or event names of one device than this are not remembered: the oldest go. */
export const MOST_REMEMBERED_NAMES = 256;
/** How many remain then: fewer, so that a device which invents names does not cost a sorting with each reading. */
export const REMAINING_NAMES = 192;

/** A subject that nothing is known of. */
export const emptyMemory: Memory = { doneUntil: 0, devices: {}, stays: {}, sent: {}, sentTimes: {} };

/** A device that was never heard before. */
export function newDeviceMemory(type: string): DeviceMemory {
  return {
    type,
    heardAt: 0,
    lastAt: 0,
    positionAt: null,
    track: null,
    held: [],
    anchor: null,
    visits: {},
    silenced: {},
    metrics: {},
    events: {},
    crossings: {},
  };
}

/**
 * What a record itself holds under a key: ids come from outside, and `constructor` is a valid one. Keys that `for … in` gives need
 * no such care, for nothing that plain records inherit is enumerable; and V8 then reads the values without a look-up.
 */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Sets what a record itself holds under a key: assigning `__proto__` would not. */
export function setOwn<T>(record: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  } else record[key] = value;
}

/** How many keys a record has; asked with every reading, so without a list of them. */
export function sizeOf(record: Readonly<Record<string, unknown>>): number {
  let size = 0;
  for (const _ in record) size += 1;
  return size;
}

/** A copy of a record without one key. */
export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _, ...rest } = record;
  return rest;
}

const NOTHING: readonly never[] = [];

/** The entries of a record that is mostly empty, and then costs no list: a step asks for some that nearly always are. */
export function entriesOf<T>(record: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  for (const key in record) if (Object.hasOwn(record, key)) return Object.entries(record);
  return NOTHING;
}
