import { DAY_MS, HOUR_MS } from '../../rules/time/duration.ts';

/** Longest time that one backtest may go through. */
export const LONGEST_SPAN_MS = 400 * DAY_MS;
/** Before what is counted: by then visits are open, and what was sent lately is known. Cooldowns may be longer. */
export const WARM_UP_MS = 6 * HOUR_MS;

/** What is to be tried: plain data, for another thread. */
export interface BacktestRequest {
  readonly ruleId: string;
  /** The rule's document, saved or not; it was checked. */
  readonly document: object;
  /** Null where it was not saved. */
  readonly version: number | null;
  /** Epoch ms, inclusive. */
  readonly from: number;
  /** Epoch ms, exclusive. */
  readonly to: number;
  /** Leaves the other live rules out. */
  readonly alone: boolean;
}
