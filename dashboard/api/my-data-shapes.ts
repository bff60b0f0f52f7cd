import type { StaffRead } from '../../gateway/records/audit-reads.ts';
import type { Purpose } from '../../rules/step.ts';

/** What the API under /api/v1/me gives of a person's devices. Times are epoch ms. */

export type MetricValue = number | boolean | string;

export interface MyMetric {
  readonly name: string;
  /** As the device type names it: `ratio`, `m/s`; empty for none. */
  readonly unit: string;
  readonly kind: 'number' | 'boolean' | 'string';
  readonly sensitivity: 'none' | 'location' | 'health';
  /** The latest. */
  readonly value: MetricValue;
  readonly at: number;
}

export interface MyDevice {
  readonly id: string;
  readonly type: string;
  readonly typeName: string;
  readonly lastAt: number | null;
  readonly positionAt: number | null;
  readonly metrics: readonly MyMetric[];
  /** Positions and readings are cleared after so many days; null: never. */
  readonly positionDays: number | null;
  readonly readingDays: number | null;
}

export interface SeriesPoint {
  readonly at: number;
  readonly value: MetricValue;
}

export interface Series {
  readonly points: readonly SeriesPoint[];
  readonly next: string | null;
}

export interface MyVisit {
  readonly id: string;
  readonly place: NamedPlace;
  readonly enteredAt: number;
  readonly exitedAt?: number;
}

export interface NamedPlace {
  readonly id: string;
  /** Null where the place is no more. */
  readonly name: string | null;
}

interface NamedRule {
  readonly id: string;
  readonly name: string;
}

/** What a rule used a person's data for. */
export interface RuleUse {
  readonly rule: NamedRule;
  readonly purposes: readonly Purpose[];
  /** What of the data it looks at: `position`, `metrics.fuel`. */
  readonly reads: readonly string[];
  readonly sent: number;
  readonly suppressed: number;
  readonly lastAt: number;
}

export interface Uses {
  /** Since when it is told. */
  readonly from: number;
  readonly rules: readonly RuleUse[];
  readonly staff: readonly StaffRead[];
}

/** Why an offer came, from the decision. */
export interface OfferWhy {
  /** Type null: the device is not the person's any more. */
  readonly device: { readonly id: string; readonly type: string | null } | null;
  /** Null where the offer is about no place. */
  readonly place: NamedPlace | null;
  /** Null where the rule's version can't be read any more. */
  readonly trigger: {
    readonly on: 'enter' | 'exit' | 'dwell' | 'approach' | 'pass' | 'metric' | 'event';
    /** Name of the metric or event. */
    readonly what?: string;
  } | null;
  readonly purposes: readonly {
    readonly purpose: Purpose;
    /** Of the consent that held then; null where none is on record. */
    readonly grantedAt: number | null;
    readonly policyVersion: number | null;
  }[];
  /** What of the person's data the rule looked at: `position`, `metrics.fuel`. */
  readonly reads: readonly string[];
  readonly rule: NamedRule;
  readonly variant?: string;
  readonly detail: string;
}

export interface NotSent {
  readonly id: string;
  readonly at: number;
  readonly rule: NamedRule;
  readonly place?: NamedPlace;
  /** A reason of decisions, or what became of the offer after it was decided on. */
  readonly reason: string;
  readonly detail: string;
}
