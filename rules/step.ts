import type { Memory } from './memory.ts';
import type { Reading, ReadingFlag, ReadingProblem, Remark } from './readings/reading.ts';

/** What a person can agree to; each on its own. */
export const PURPOSES = ['location_offers', 'device_offers', 'health_offers'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Why a decision did not become an offer: a closed list, in the order in which they are tried. */
export const SUPPRESSION_REASONS = [
  'late_reading',
  'implausible_jump',
  'sensitive_zone',
  'rule_paused',
  'outside_schedule',
  'no_consent',
  'not_in_audience',
  'missing_value',
  'condition_false',
  'holdout',
  'quiet_hours',
  'cooldown',
  'consumer_cap',
  'global_cap',
  'rule_total',
  'no_code_left',
  'no_channel',
  'expired',
  'outranked',
] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** Local wall-clock times, "HH:MM"; `from` later than `to` spans midnight. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
}

/** What a step needs to know of the person behind the device. */
export interface ConsumerFacts {
  readonly id: string;
  /** IANA zone; null falls back to the place's, then UTC. */
  readonly timezone: string | null;
  readonly quietHours: QuietHours | null;
  readonly granted: readonly Purpose[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Whether at least one live push subscription exists. */
  readonly reachable: boolean;
  /** By rule id, how many of its offers this person saw, and how many of those they clicked or redeemed. Missing: none. */
  readonly responses?: Readonly<Record<string, OfferResponse>>;
  /** By rule id, of which rules this person wants fewer offers. Missing: none. */
  readonly fewer?: Readonly<Record<string, FewerWanted>>;
}

/** A person asked for fewer offers of a rule. */
export interface FewerWanted {
  /** 1: at most one a week; 2: none. */
  readonly level: 1 | 2;
  /** When the last one had come when they asked, domain time. */
  readonly since: number;
}

export interface OfferResponse {
  readonly seen: number;
  readonly taken: number;
}

/**
 * What all subjects together were sent, as far as it is written down. A step counts its own offers on top; whoever keeps the
 * ledger takes them in after each step.
 */
export interface Ledger {
  sentOfRule(ruleId: string): number;
  /** @param day local day in the campaign's zone, `YYYY-MM-DD`; null: since its beginning */
  sentOfCampaign(campaignId: string, day: string | null): number;
  /** The code at a position (from 0) of those of a pool that nobody was given yet, or null. Asking takes nothing. */
  code(poolId: string, position: number): string | null;
}

/** Nothing was sent, and there are no codes. */
export const EMPTY_LEDGER: Ledger = {
  sentOfRule: () => 0,
  sentOfCampaign: () => 0,
  code: () => null,
};

export interface DeviceFacts {
  readonly id: string;
  /** Id of a device type of the rulebook; an unknown one is treated as a mobile type without known metrics. */
  readonly type: string;
}

/**
 * One thing that happened to a subject. A subject is a consumer with all linked devices, or one device that is
 * linked to nobody (`consumer` null): then visits are kept and no decision is made.
 */
export type Input =
  | {
      readonly kind: 'reading';
      readonly device: DeviceFacts;
      readonly consumer: ConsumerFacts | null;
      readonly reading: Reading;
      /** Unique and stable across a replay: the decimal journal sequence of the reading. */
      readonly readingId: string;
      /**
       * When it had arrived, epoch ms, where it is taken only now: it was in quarantine meanwhile. Its clock is corrected by that
       * arrival, and it is late, however new it is: the past does not ring.
       */
      readonly arrivedAt?: number;
    }
  | { readonly kind: 'tick'; readonly consumer: ConsumerFacts | null };

export interface RenderedOffer {
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly image?: string;
  /** Epoch ms after which the offer must not be shown. */
  readonly expiresAt: number;
  /** A code that is this person's alone, and the pool that it was taken from. */
  readonly code?: string;
  readonly codePool?: string;
}

export interface Decision {
  /** Domain time, epoch ms. */
  readonly at: number;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly consumer: string;
  readonly device: string;
  readonly place?: string;
  readonly visit?: string;
  /** Visit id, crossing id or reading id; with rule and consumer the key under which an offer is sent at most once. */
  readonly cause: string;
  /** Of the rule's experiment, where it has one and it came so far; not of those that get nothing (holdout). */
  readonly variant?: string;
  /** Whose budget an offer counts against. */
  readonly campaign?: string;
  readonly outcome:
    | { readonly kind: 'sent'; readonly offer: RenderedOffer }
    | { readonly kind: 'suppressed'; readonly reason: SuppressionReason };
  /** One sentence that a marketer can read: what was found and what the rule asked for. */
  readonly detail: string;
}

/** One stay of one device inside one place. */
export interface Visit {
  readonly id: string;
  readonly device: string;
  readonly place: string;
  readonly enteredAt: number;
  readonly exitedAt?: number;
  readonly endedBy?: 'exit' | 'silence';
}

/** The reading as it is to be stored: with its final time, without refused metrics, with its flags. */
export interface AdmittedReading extends Reading {
  readonly at: number;
  readonly flags: readonly ReadingFlag[];
}

export interface Step {
  readonly memory: Memory;
  readonly decisions: readonly Decision[];
  /** Visits that opened, resumed (no `exitedAt` any more) or closed in this step: the whole record each time. */
  readonly visits: readonly Visit[];
  /** Null for a tick, and where the whole reading was refused. */
  readonly admitted: AdmittedReading | null;
  readonly problems: readonly ReadingProblem[];
  /** What is worth counting, in no order. */
  readonly remarks: readonly Remark[];
  /** Domain time at which the subject wants its next tick, or null. */
  readonly wakeAt: number | null;
}
