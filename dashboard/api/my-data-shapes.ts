import type { StaffRead } from '../../gateway/records/audit-reads.ts';
import type { Purpose, SuppressionReason } from '../../rules/step.ts';

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

export interface TrackPoint {
  readonly at: number;
  readonly lat: number;
  readonly lon: number;
  /** Metres. */
  readonly accuracy?: number;
}

export interface Track {
  readonly points: readonly TrackPoint[];
  /** Up to when it was looked, where there is more than one request reads. */
  readonly readUntil: number | null;
}

export interface MyVisit {
  readonly id: string;
  readonly place: { readonly id: string; readonly name: string };
  readonly enteredAt: number;
  readonly exitedAt?: number;
}

/** What a rule used a person's data for. */
export interface RuleUse {
  readonly rule: { readonly id: string; readonly name: string };
  readonly purposes: readonly Purpose[];
  readonly sent: number;
  readonly suppressed: number;
  readonly lastAt: number;
}

export interface Uses {
  readonly rules: readonly RuleUse[];
  readonly reads: readonly StaffRead[];
}

/** Why an offer came, from the decision. */
export interface OfferWhy {
  /** Null where it was erased since. */
  readonly device: { readonly id: string; readonly type: string } | null;
  /** Null where the offer is about no place, or the place is gone. */
  readonly place: { readonly id: string; readonly name: string } | null;
  readonly trigger: string;
  readonly purposes: readonly {
    readonly purpose: Purpose;
    readonly grantedAt: number | null;
    readonly policyVersion: number | null;
  }[];
  readonly rule: { readonly id: string; readonly name: string };
  readonly variant?: string;
  readonly detail: string;
}

export interface NotSent {
  readonly at: number;
  readonly rule: { readonly id: string; readonly name: string };
  readonly place?: { readonly id: string; readonly name: string };
  readonly reason: SuppressionReason;
  readonly detail: string;
}
