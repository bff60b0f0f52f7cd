import type { SuppressionReason } from '../../../rules/step.ts';

/** GET /api/v1/rules/{id}/funnel, as the page reads it. */
export interface Funnel extends FunnelCounts {
  readonly byVersion: readonly (FunnelCounts & { readonly version: number })[];
  readonly byVariant: readonly (FunnelCounts & { readonly variant: string | null })[];
  /** Null where the rule held nobody out. */
  readonly experiment: ExperimentResult | null;
}

export interface FunnelCounts {
  readonly triggers: number;
  readonly suppressed: Readonly<Partial<Record<SuppressionReason, number>>>;
  readonly sent: number;
  readonly delivered: number;
  readonly shown: number;
  readonly clicked: number;
  readonly dismissed: number;
  readonly redeemed: number;
  readonly lost: number;
  readonly waiting: number;
}

export interface ExperimentResult {
  readonly treated: Arm;
  readonly holdout: Arm;
  /** Shares, with the ends of a 95 % interval; null where nothing can be compared. */
  readonly lift: { readonly difference: number; readonly low: number; readonly high: number } | null;
  readonly notes: readonly string[];
}

interface Arm {
  readonly consumers: number;
  readonly atPlace: number;
  readonly cameAfter: number;
}
