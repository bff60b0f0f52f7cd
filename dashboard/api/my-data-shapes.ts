import type { RuleTold } from '../../gateway/explain/rule-told.ts';
import type { StaffRead } from '../../gateway/records/audit-reads.ts';
import type { NamedPlace } from '../../gateway/records/place-names.ts';
import type { MetricValue } from '../../rules/readings/reading.ts';
import type { Purpose } from '../../rules/step.ts';

/** What the API under /api/v1/me gives of a person's devices. Times are epoch ms. */
export type { WhyOffer as OfferWhy } from '../../gateway/explain/why-offer.ts';
export type { MetricValue };

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

/** What a rule used a person's data for. */
export interface RuleUse {
  readonly rule: RuleTold;
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

export interface NotSent {
  readonly id: string;
  readonly at: number;
  readonly rule: RuleTold;
  readonly place?: NamedPlace;
  /** A reason of decisions, or what became of the offer after it was decided on. */
  readonly reason: string;
  readonly detail: string;
}
