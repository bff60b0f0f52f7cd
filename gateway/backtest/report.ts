/**
 * What a backtest tells. It is the answer of `POST /api/v1/rules/{id}/backtest`, and has beyond the counts: `ruleVersion`, `alone`, `readings`,
 * `devices`, `consumersReached`, `otherRules`, `notes`, `error`, `startedAt`, `endedAt`, and `name` of each place.
 */
import type { Position } from 'geojson';
import type { SuppressionReason } from '../../rules/step.ts';
import type { ErrorCode } from '../errors.ts';

export type BacktestState = 'waiting' | 'running' | 'done' | 'cancelled' | 'failed';

/** Counted so far; whole once `state` is `done`. All times are epoch ms. */
export interface BacktestReport {
  readonly id: string;
  readonly rule: string;
  /** Null where the document was not saved. */
  readonly ruleVersion: number | null;
  readonly from: number;
  readonly to: number;
  /** Whether the other live rules were left out. */
  readonly alone: boolean;
  readonly state: BacktestState;
  /** 0 to 1, by the time that was gone through. */
  readonly progress: number;
  /** Readings that were gone through, and those of them with a position. */
  readonly readings: number;
  readonly positions: number;
  /** That were heard in that time, and are linked to somebody. */
  readonly devices: number;
  readonly consumers: number;
  /** People whom at least one offer of the rule would have been sent to. */
  readonly consumersReached: number;
  readonly decisions: {
    readonly sent: number;
    readonly suppressed: Readonly<Partial<Record<SuppressionReason, number>>>;
  };
  /** Hours (UTC) in which something was decided, in order. */
  readonly perHour: readonly ({ readonly at: number } & SentOrNot)[];
  /** Most offers first. */
  readonly perPlace: readonly ({ readonly place: string; readonly name: string } & SentOrNot)[];
  /** Empty for a rule without an experiment. */
  readonly perVariant: readonly ({ readonly variant: string } & SentOrNot)[];
  /** The other live rules that took part, and what they would have sent in that time. */
  readonly otherRules: { readonly rules: number; readonly sent: number };
  /** In order of time. */
  readonly decisionsSample: readonly SampledDecision[];
  /** Of a few devices that the rule decided about: where they were then, and a point for each decision. */
  readonly journeys: JourneyCollection;
  /** What of it is a part of more. */
  readonly truncated: {
    readonly perPlace: boolean;
    readonly decisionsSample: boolean;
    readonly journeys: boolean;
  };
  /** What was taken as it is now, for want of a record of how it was. */
  readonly notes: readonly string[];
  /** Why it failed. */
  readonly error?: { readonly code: ErrorCode; readonly detail: string };
  /** Real time; null until then. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface SentOrNot {
  readonly sent: number;
  readonly suppressed: number;
}

export interface SampledDecision {
  readonly at: number;
  readonly consumer: string;
  readonly device: string;
  readonly place?: string;
  readonly variant?: string;
  readonly outcome: 'sent' | 'suppressed';
  readonly reason?: SuppressionReason;
  readonly detail: string;
  /** Of an offer that would have been sent. */
  readonly title?: string;
}

export interface JourneyCollection {
  readonly type: 'FeatureCollection';
  readonly features: readonly (JourneyLine | DecisionPoint)[];
}

export interface JourneyLine {
  readonly type: 'Feature';
  readonly geometry: { readonly type: 'LineString'; readonly coordinates: readonly Position[] };
  readonly properties: {
    readonly kind: 'journey';
    readonly device: string;
    readonly consumer: string;
    /** Time of each coordinate. */
    readonly times: readonly number[];
  };
}

export interface DecisionPoint {
  readonly type: 'Feature';
  readonly geometry: { readonly type: 'Point'; readonly coordinates: Position };
  readonly properties: { readonly kind: 'decision' } & SampledDecision;
}

/** What the simulation counts; the rest of a report is known without it. */
export type BacktestCounts = Pick<
  BacktestReport,
  | 'readings'
  | 'positions'
  | 'devices'
  | 'consumers'
  | 'consumersReached'
  | 'decisions'
  | 'perHour'
  | 'perPlace'
  | 'perVariant'
  | 'otherRules'
  | 'decisionsSample'
  | 'journeys'
  | 'truncated'
>;
