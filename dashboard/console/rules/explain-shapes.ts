import type { RuleState } from '../../../gateway/records/schema.ts';
import type { SuppressionReason } from '../../../rules/step.ts';
import type { Decision, Delivery } from '../../api/shapes.ts';

/** GET /api/v1/explain, as the page reads it. */
export interface Explanation {
  readonly consumer: string;
  readonly place: string | null;
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly visits: readonly Visit[];
  readonly evidence: Evidence | null;
  readonly rules: readonly ExplainedRule[];
  readonly omitted: number;
}

export interface Visit {
  readonly id: string;
  readonly device: string;
  readonly consumer?: string;
  readonly place: string;
  readonly enteredAt: number;
  readonly exitedAt?: number;
  readonly endedBy?: 'exit' | 'silence';
}

export interface Evidence {
  readonly readings: number;
  readonly positions: number;
  readonly late: number;
  readonly coarse: number;
  readonly inside: number;
  readonly nearestMetres: number | null;
  readonly metrics: Readonly<
    Record<
      string,
      { readonly last: number | boolean | string; readonly least?: number; readonly most?: number }
    >
  >;
  readonly events: readonly string[];
  readonly truncated: boolean;
}

export interface ExplainedRule {
  readonly rule: string;
  readonly version: number;
  readonly name: string;
  readonly state: RuleState | null;
  readonly verdict: 'sent' | 'suppressed' | 'not_triggered';
  readonly reason?: SuppressionReason | string;
  readonly explanation: string;
  readonly decision?: Decision;
  readonly decisions: readonly Decision[];
  readonly delivery?: Delivery;
  /** Where the condition is what stopped it. */
  readonly condition?: ConditionPart;
}

/** A condition taken apart; `stopped` marks what was false or missing. */
export interface ConditionPart {
  readonly text: string;
  readonly stopped: boolean;
  readonly parts: readonly ConditionPart[];
}

/** Where a moment is explained, as a link. */
export function explainAddress(consumer: string, place: string | undefined, at: number): string {
  const parameters = new URLSearchParams({ consumer, at: String(at) });
  if (place !== undefined) parameters.set('place', place);
  return `/explain?${parameters}`;
}
