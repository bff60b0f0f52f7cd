import type { Firing } from '../firing.ts';
import type { ConsumerFacts, RenderedOffer } from '../step.ts';

/** An offer that nothing forbids: whether it is sent depends on what else the moment offers. */
export interface Candidate {
  readonly firing: Firing;
  readonly consumer: ConsumerFacts;
  readonly variant: string | null;
  readonly offer: RenderedOffer;
  /** How many decisions the step had when this one came up: it is put in their order. */
  readonly after: number;
}
