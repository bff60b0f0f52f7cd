import type { QuarantineCode, ReadingProblem } from '../../rules/reading.ts';
import type { AdmittedReading, Decision, Visit } from '../../rules/step.ts';
import type { StoredEntry } from '../journal/journal.ts';
import type { TelemetryPoint } from '../telemetry/telemetry-store.ts';
import type { Identity } from './once.ts';
import type { KnownDevice } from './registry.ts';

/**
 * What the engine noted about a reading that is not stored just as it was sent, so that the telemetry writer stores it
 * alike when it has to read the journal again.
 */
export type Verdict =
  | { readonly kind: 'not_stored' }
  | { readonly kind: 'stored_as'; readonly reading: AdmittedReading };

export interface QuarantineNote {
  readonly device: string;
  readonly topic: string;
  readonly code: QuarantineCode;
  readonly message: string;
  readonly payload: Uint8Array;
  readonly at: number;
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
  };
}

/** All that came out of one stretch of the journal (or of ticks); written as one transaction. */
export interface Outcome {
  readonly points: TelemetryPoint[];
  readonly verdicts: { seq: number; verdict: Verdict }[];
  readonly identities: Identity[];
  /** Newest state of each visit, by its id. */
  readonly visits: Map<string, VisitNote>;
  readonly decisions: Decision[];
  readonly quarantine: QuarantineNote[];
  /** Newest reading with a position of each device, for the live stream. */
  readonly positions: Map<KnownDevice, AdmittedReading>;
  readonly counts: EngineCounts;
}

export function noOutcome(): Outcome {
  return {
    points: [],
    verdicts: [],
    identities: [],
    visits: new Map(),
    decisions: [],
    quarantine: [],
    positions: new Map(),
    counts: noCounts(),
  };
}

/** A reading as it goes to the telemetry store. */
export function pointOf(
  deviceKey: string,
  seq: number,
  receivedAt: number,
  { at, flags, position, metrics, event }: AdmittedReading,
): TelemetryPoint {
  // Field by field: spreading the reading into a new object took three times as long.
  const point: { -readonly [K in keyof TelemetryPoint]: TelemetryPoint[K] } = {
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

export function addCounts(total: EngineCounts, added: EngineCounts): void {
  for (const name of Object.keys(added) as (keyof EngineCounts)[]) total[name] += added[name];
}

/** Problems of one entry that are kept one by one; the rest are told by their number. */
const MOST_PROBLEMS_AN_ENTRY = 20;

/** Notes what was wrong with an entry; the payload is kept whole with each. */
export function noteProblems(
  outcome: Outcome,
  entry: StoredEntry,
  device: string,
  problems: readonly ReadingProblem[],
): void {
  if (problems.length === 0) return;
  const note = ({ code, message }: ReadingProblem) =>
    outcome.quarantine.push({
      device,
      topic: entry.topic,
      code,
      message,
      payload: entry.payload,
      at: entry.receivedAt,
    });
  outcome.counts.quarantined += problems.length;
  problems.slice(0, MOST_PROBLEMS_AN_ENTRY).forEach(note);
  const more = problems[MOST_PROBLEMS_AN_ENTRY];
  if (more !== undefined) {
    note({
      code: more.code,
      message: `and ${problems.length - MOST_PROBLEMS_AN_ENTRY} more problems of this message`,
    });
  }
}
