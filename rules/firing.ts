import type { CompiledRule } from './compiled-rule.ts';
import type { Place } from './places/place.ts';

/** A trigger that fired: what happened, to which device, and what it is to be remembered by. */
export interface Firing {
  readonly rule: CompiledRule;
  readonly deviceId: string;
  readonly place: Place | null;
  readonly visit: { readonly id: string; readonly enteredAt: number } | null;
  /** Visit id, crossing id or reading id: with rule and consumer the key under which an offer is sent at most once. */
  readonly cause: string;
  /** Domain time of the decision, epoch ms. */
  readonly at: number;
  /** What was found, as the beginning of a sentence: `car-1 entered Café Roma`. */
  readonly found: string;
  /** Why it must not ring whatever the rule says. */
  readonly obstacle?: {
    readonly reason: 'late_reading' | 'implausible_jump' | 'sensitive_zone';
    readonly detail: string;
  };
}
