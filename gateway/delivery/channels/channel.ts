import type { RenderedOffer } from '../../../rules/step.ts';
import type { BrowserAddress } from '../../records/push-subscriptions.ts';
import type { DeliveryChannel } from '../../records/schema.ts';

/** A way by which an offer can reach a person. The outbox takes the first that reaches this one. */
export interface Channel {
  readonly name: DeliveryChannel;
  /** Whether it leads to this person, by what the records say. */
  reaches(recipient: Recipient): boolean;
  /**
   * Sends one offer. A repetition (after a crash, after a failure) carries the same name, so that the other side can tell. Never
   * rejects for what the other side does, and ends within a bounded time.
   */
  send(offer: OutgoingOffer, recipient: Recipient): Promise<ChannelOutcome>;
}

/** An offer on its way. */
export interface OutgoingOffer {
  /** Of the delivery; names it everywhere. */
  readonly id: string;
  readonly consumer: string;
  readonly offer: RenderedOffer;
  /** Domain time, epoch ms. */
  readonly createdAt: number;
  /** Real time, epoch ms. */
  readonly expiresAtReal: number;
  /** Asked right before anything leaves: a consent may have been withdrawn since the offer left the outbox, or its time be over. */
  readonly isStillWanted: () => boolean;
}

/** Where a person can be reached, by what the records say now. */
export interface Recipient {
  readonly browsers: readonly Browser[];
  readonly webhook: Webhook | null;
  readonly email: string | null;
  /** They have opened the consumer app, and can again: a session that lives, or a passkey. */
  readonly hasApp: boolean;
}

export interface Browser extends BrowserAddress {
  readonly id: string;
  /** Of the push service. */
  readonly origin: string;
  /** The VAPID public key that it subscribed with. */
  readonly vapidKey: string;
}

export interface Webhook {
  readonly id: string;
  readonly url: string;
  /** `whsec_…`, or null where it can't be read any more. */
  readonly secret: string | null;
}

export type ChannelOutcome = {
  /** Ids of push subscriptions that are no more. */
  readonly goneSubscriptions?: readonly string[];
} & (
  | {
      readonly kind: 'sent';
      /** The other side has it for certain. */
      readonly isDelivered: boolean;
    }
  /** Worth trying again, `afterMs` from now at the earliest, where the other side said so. */
  | { readonly kind: 'retry'; readonly afterMs: number | null; readonly reason: string }
  /** Nothing was tried, for the other side is left alone or has enough to do; `afterMs` is when to look again. */
  | { readonly kind: 'held'; readonly afterMs: number; readonly reason: string }
  /** It does not lead to this person any more: the next channel may. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** Trying again would end the same. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unwanted' }
);
