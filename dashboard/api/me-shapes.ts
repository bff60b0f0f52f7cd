import type { WhyOffer } from '../../gateway/explain/why-offer.ts';
import type { DeliveryState } from '../../gateway/records/schema.ts';
import type { Purpose, QuietHours } from '../../rules/step.ts';
import type { Language } from '../consumer/i18n/languages.ts';

/** What the API under /api/v1/me gives, as the consumer's app reads it. Times are epoch ms. */
export interface Me {
  readonly id: string;
  readonly email: string | null;
  readonly timezone: string | null;
  readonly quietHours: QuietHours | null;
  /** A purpose that is not here was never agreed to. */
  readonly consents: readonly ConsentRecord[];
  readonly policy: ConsentPolicy;
  readonly devices: readonly { readonly id: string; readonly type: string }[];
  readonly vapidPublicKey: string;
  /** How many browsers of this person can receive offers. */
  readonly subscriptions: number;
  /** In how many browsers this person is signed in. */
  readonly sessions: number;
}

export interface ConsentRecord {
  readonly purpose: Purpose;
  readonly granted: boolean;
  readonly source: string;
  readonly at: number;
  /** Version of the policy that it was given to; null where nobody noted it. */
  readonly policyVersion: number | null;
  /** It was given to an earlier version: it holds, and the app asks again. */
  readonly outdated: boolean;
}

/** What people are asked, by purpose and language. */
export interface ConsentPolicy {
  readonly version: number;
  readonly wordings: Readonly<Record<Purpose, Readonly<Record<Language, string>>>>;
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
}

/** One offer with all that is told of it. */
export interface OfferDetail extends ReceivedOffer {
  readonly why: WhyOffer;
  /** What the person has asked for of its rule: null as usual, 1 at most one a week, 2 none. */
  readonly fewer: 1 | 2 | null;
}

/** Offers of one rule that the person asked to see less of. */
export interface FewerOf {
  readonly rule: { readonly id: string; readonly name: string };
  /** 1: at most one a week; 2: none. */
  readonly level: 1 | 2;
}
