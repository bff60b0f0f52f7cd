import type { DeliveryState } from '../../gateway/records/schema.ts';
import type { Purpose, SuppressionReason } from '../../rules/step.ts';

/** Why a decision did not become an offer, for someone who has never read the rules' code. */
export const REASON_WORDS: Readonly<Record<SuppressionReason, string>> = {
  late_reading: 'The reading came too late to act on',
  implausible_jump: 'The position jumped further than anything moves',
  sensitive_zone: 'The place is in a sensitive zone',
  rule_paused: 'The rule was paused',
  outside_schedule: 'Outside the rule’s days or hours',
  no_consent: 'The person has not agreed to this kind of offer',
  not_in_audience: 'The person is not in the rule’s audience',
  missing_value: 'A value that the condition asks for was not known',
  condition_false: 'The rule’s condition was not met',
  holdout: 'Held back to measure what offers bring',
  quiet_hours: 'It was the person’s quiet hours',
  cooldown: 'Too soon after the last offer of this rule',
  consumer_cap: 'The person has had this rule’s share of offers',
  global_cap: 'The person has had today’s share of all offers',
  rule_total: 'The rule has given out all its offers',
  no_code_left: 'No code was left to give',
  no_channel: 'Nothing reaches the person: no browser that receives offers, no webhook, no e-mail, no app',
  expired: 'The offer was out of date before it could be sent',
  outranked: 'A more important offer went out instead',
};

/** A shorter form for lists and filters. */
export const REASON_LABELS: Readonly<Record<SuppressionReason, string>> = {
  late_reading: 'Late reading',
  implausible_jump: 'Implausible jump',
  sensitive_zone: 'Sensitive zone',
  rule_paused: 'Rule paused',
  outside_schedule: 'Outside schedule',
  no_consent: 'No consent',
  not_in_audience: 'Not in audience',
  missing_value: 'Value missing',
  condition_false: 'Condition not met',
  holdout: 'Held back',
  quiet_hours: 'Quiet hours',
  cooldown: 'Cooldown',
  consumer_cap: 'Consumer cap',
  global_cap: 'Global cap',
  rule_total: 'Rule used up',
  no_code_left: 'No code left',
  no_channel: 'Not reachable',
  expired: 'Expired',
  outranked: 'Outranked',
};

export const DELIVERY_LABELS: Readonly<Record<DeliveryState, string>> = {
  queued: 'Queued',
  retrying: 'Retrying',
  sent: 'Sent',
  shown: 'Shown',
  clicked: 'Clicked',
  dismissed: 'Dismissed',
  redeemed: 'Redeemed',
  gone: 'Browser gone',
  failed: 'Failed',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
};

/** The consents as the person is asked for them. The titles are what a test, or a screen reader, finds the switches by. */
export const PURPOSE_WORDS: Readonly<Record<Purpose, { title: string; meaning: string }>> = {
  location_offers: {
    title: 'Offers near places',
    meaning: 'Uses where your devices are, so that an offer comes when you are near the place it is for.',
  },
  device_offers: {
    title: 'Offers from your devices',
    meaning: 'Uses what your devices report, such as fuel or an open fridge door, to offer what they need.',
  },
  health_offers: {
    title: 'Health-related offers',
    meaning: 'Uses health values such as your heart rate. Off unless you turn it on.',
  },
};
