import type { DialectRequest } from '../../broker/codecs/codec.ts';
import type { QuarantineCode, Reading, ReadingFlag, Remark } from '../../rules/readings/reading.ts';
import type { AdmittedReading, Decision, Visit } from '../../rules/step.ts';
import type { QuarantinedPart } from '../records/quarantined-part.ts';
import type { TelemetryPoint } from '../telemetry/telemetry-store.ts';
import type { Identity } from './once.ts';
import { type DeviceQuality, QualityTally } from './quality-tally.ts';
import type { KnownDevice } from './registry.ts';
import type { RetryNote } from './retries.ts';

/**
 * What the engine noted about a reading that is not stored just as it was sent, so that the telemetry writer stores it
 * alike when it has to read the journal again.
 */
export type Verdict =
  | { readonly kind: 'not_stored' }
  | { readonly kind: 'stored_as'; readonly reading: AdmittedReading };

/** A verdict as it is kept until the store has the reading. */
export interface NotedVerdict {
  readonly seq: number;
  readonly verdict: Verdict;
  /** Whose reading stands in it; left out where none does. */
  readonly deviceKey?: string;
}

export interface QuarantineNote {
  readonly device: string;
  readonly topic: string;
  readonly code: QuarantineCode;
  readonly message: string;
  readonly payload: Uint8Array;
  /** Size as sent, where that is more. */
  readonly payloadBytes: number;
  readonly at: number;
  /** What of the message this is about; null: all of it, or nothing that can be told apart. */
  readonly part: QuarantinedPart | null;
  /** Readings that were taken out of the message all the same. */
  readonly readingsTaken: number;
  /** How often it is said of this message. */
  times: number;
}

export interface VisitNote {
  readonly visit: Visit;
  readonly consumer: string | null;
}

/** Counts since the thread started, by their names in /metrics. */
export interface EngineCounts {
  readings: number;
  duplicates: number;
  late: number;
  clockCorrected: number;
  quarantined: number;
  unknownDevice: number;
  decisionsSent: number;
  decisionsSuppressed: number;
  unknownMetrics: number;
  outOfRange: number;
  wrongKind: number;
  kindChanged: number;
  unitConverted: number;
  nullIsland: number;
  /** Readings taken out of quarantine. */
  retried: number;
}

export function noCounts(): EngineCounts {
  return {
    readings: 0,
    duplicates: 0,
    late: 0,
    clockCorrected: 0,
    quarantined: 0,
    unknownDevice: 0,
    decisionsSent: 0,
    decisionsSuppressed: 0,
    unknownMetrics: 0,
    outOfRange: 0,
    wrongKind: 0,
    kindChanged: 0,
    unitConverted: 0,
    nullIsland: 0,
    retried: 0,
  };
}

/** All that came out of one stretch of the journal (or of ticks); written as one transaction. */
export interface Outcome {
  readonly points: TelemetryPoint[];
  readonly verdicts: NotedVerdict[];
  readonly identities: Identity[];
  /** Newest state of each visit, by its id. */
  readonly visits: Map<string, VisitNote>;
  readonly decisions: Decision[];
  readonly quarantine: QuarantineNote[];
  /** What came of trying quarantined messages again, by their ids. */
  readonly retries: Map<string, RetryNote>;
  readonly quality: QualityTally;
  /** What dialects ask senders for: published when all of it is committed. */
  readonly requests: DialectRequest[];
  /** Newest reading with a position of each device, for the live stream. */
  readonly positions: Map<KnownDevice, AdmittedReading>;
  readonly counts: EngineCounts;
  /** What the readings of it count for where they are held (held-bytes.ts); it grows. */
  bytes: number;
}

export function noOutcome(): Outcome {
  return {
    points: [],
    verdicts: [],
    identities: [],
    visits: new Map(),
    decisions: [],
    quarantine: [],
    retries: new Map(),
    quality: new QualityTally(),
    requests: [],
    positions: new Map(),
    counts: noCounts(),
    bytes: 0,
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_FLAGS: readonly ReadingFlag[] = [];

/** A reading as it goes to the telemetry store. */
export function pointOf(
  deviceKey: string,
  seq: number,
  receivedAt: number,
  { at, flags, position, metrics, event }: AdmittedReading,
): TelemetryPoint {
  // Field by field: spreading the reading into a new object took three times as long.
  const point: Mutable<TelemetryPoint> = {
    deviceKey,
    at,
    seq,
    receivedAt,
    flags,
  };
  if (position !== undefined) point.position = position;
  if (metrics !== undefined) point.metrics = metrics;
  if (event !== undefined) point.event = event;
  return point;
}

/** The same of a reading that is stored just as it was sent. */
export function plainPointOf(
  deviceKey: string,
  seq: number,
  receivedAt: number,
  { at = receivedAt, position, metrics, event }: Reading,
): TelemetryPoint {
  const point: Mutable<TelemetryPoint> = { deviceKey, at, seq, receivedAt, flags: NO_FLAGS };
  if (position !== undefined) point.position = position;
  if (metrics !== undefined) point.metrics = metrics;
  if (event !== undefined) point.event = event;
  return point;
}

export function addCounts(total: EngineCounts, added: EngineCounts): void {
  for (const name of Object.keys(added) as (keyof EngineCounts)[]) total[name] += added[name];
}

const COUNTED_AS = {
  unknown_metric: 'unknownMetrics',
  out_of_range: 'outOfRange',
  wrong_kind: 'wrongKind',
  kind_changed: 'kindChanged',
  unit_converted: 'unitConverted',
  null_island: 'nullIsland',
} as const satisfies Record<Remark['kind'], keyof EngineCounts>;

/** @param at arrival, epoch ms */
export function noteRemarks(
  outcome: Outcome,
  quality: DeviceQuality,
  remarks: readonly Remark[],
  at: number,
): void {
  for (const { kind, name } of remarks) {
    outcome.counts[COUNTED_AS[kind]] += 1;
    quality.note(kind, name, at);
  }
}
