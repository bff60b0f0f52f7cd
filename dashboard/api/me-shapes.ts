import type { DeliveryState } from '../../gateway/records/schema.ts';
import type { Purpose, QuietHours } from '../../rules/step.ts';

/** What the API under /api/v1/me gives, as the consumer's app reads it. Times are epoch ms. */
export interface Me {
  readonly id: string;
  readonly email?: string | null;
  readonly timezone: string | null;
  readonly quietHours: QuietHours | null;
  readonly consents: readonly ConsentRecord[];
  readonly devices: readonly { readonly id: string; readonly type: string }[];
  readonly vapidPublicKey: string;
  /** How many browsers of this person can receive offers. */
  readonly subscriptions: number;
}

export interface ConsentRecord {
  readonly purpose: Purpose;
  readonly granted: boolean;
  readonly source: string;
  readonly at: number;
}

export interface ReceivedOffer {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly image?: string;
  /** One-time code that is this person's alone. */
  readonly code?: string;
  readonly state: DeliveryState;
  readonly createdAt: number;
  readonly sentAt?: number;
  readonly shownAt?: number;
  readonly clickedAt?: number;
  readonly expiresAt: number;
  /** The rule's name. */
  readonly rule: string;
}

/** Offers of one rule that the person asked to see less of. */
export interface FewerOf {
  readonly rule: { readonly id: string; readonly name: string };
  /** 1: at most one a week; 2: none. */
  readonly level: 1 | 2;
}
