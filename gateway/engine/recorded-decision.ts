import type { Decision } from '../../rules/step.ts';

/** A decision as it was recorded, with its delivery where it was sent. */
export interface RecordedDecision {
  readonly id: number;
  readonly deliveryId: string | null;
  readonly decision: Decision;
}
