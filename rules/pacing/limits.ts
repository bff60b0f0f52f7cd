import type { Rule } from '../document/rule.ts';
import type { Draft } from '../draft.ts';
import type { Firing } from '../firing.ts';
import { own } from '../memory.ts';
import type { ConsumerFacts, Decision, SuppressionReason } from '../step.ts';
import { describeDuration } from '../time/duration.ts';
import { localTime } from '../time/local-time.ts';
import { inQuietHours } from '../time/quiet-hours.ts';
import { fewerWanted } from './fewer.ts';

export type Suppression = { readonly reason: SuppressionReason; readonly detail: string };

/** Limits that one person meets: `quiet_hours`, `cooldown`, `consumer_cap`, `global_cap`; the first that applies, or null. */
export function personalLimit(draft: Draft, consumer: ConsumerFacts, firing: Firing): Suppression | null {
  const { at, place } = firing;
  const { id, limits } = firing.rule.rule;
  const zone = consumer.timezone ?? place?.timezone ?? null;
  if (!limits.ignoreQuietHours && inQuietHours(consumer.quietHours, zone, at)) {
    const { from, to } = consumer.quietHours ?? { from: '', to: '' };
    return {
      reason: 'quiet_hours',
      detail: `the consumer wants quiet from ${from} to ${to} (${zone ?? 'UTC'})`,
    };
  }
  const times = own(draft.memory.sentTimes, id) ?? [];
  const sinceLastMs = at - (times.at(-1) ?? -Infinity);
  if (sinceLastMs < limits.cooldownMs) {
    const [since, least] = [describeDuration(sinceLastMs), describeDuration(limits.cooldownMs)];
    return {
      reason: 'cooldown',
      detail: `the last offer of this rule was ${since} ago, and at least ${least} must pass`,
    };
  }
  const fewer = fewerWanted(draft, consumer, id, at);
  if (fewer !== null) return { reason: 'consumer_cap', detail: fewer };
  const cap = limits.perConsumer;
  if (cap !== null && countWithin(times, at, cap.perMs) >= cap.count) {
    return {
      reason: 'consumer_cap',
      detail: `the consumer had ${offers(cap.count)} of this rule within ${describeDuration(cap.perMs)}`,
    };
  }
  const all = draft.rulebook.pacing.perConsumer;
  if (all !== null && countWithin(draft.memory.allSentTimes ?? [], at, all.perMs) >= all.count) {
    return {
      reason: 'global_cap',
      detail: `the consumer had ${offers(all.count)} of all rules together within ${describeDuration(all.perMs)}`,
    };
  }
  return null;
}

const offers = (count: number): string => (count === 1 ? '1 offer' : `${count} offers`);

const countWithin = (times: readonly number[], at: number, perMs: number): number =>
  times.filter((time) => at - time < perMs).length;

/** Totals that all people share, `rule_total`: of the rule, then of its campaign; or null. */
export function sharedLimit(draft: Draft, rule: Rule, at: number): Suppression | null {
  const { total } = rule.limits;
  if (total !== null) {
    const sent = draft.ledger.sentOfRule(rule.id) + sentInStep(draft, (one) => one.rule === rule.id);
    if (sent >= total)
      return { reason: 'rule_total', detail: `the rule may send ${offers(total)} in all, and has` };
  }
  return rule.campaign === null ? null : campaignLimit(draft, rule.campaign, at);
}

function campaignLimit(draft: Draft, campaignId: string, at: number): Suppression | null {
  const campaign = draft.rulebook.campaign(campaignId);
  // A campaign that was removed limits nothing.
  if (campaign === undefined) return null;
  const { total, perDay } = campaign.budget;
  const isOurs = (one: Decision): boolean => one.campaign === campaignId;
  if (total !== undefined) {
    const sent = draft.ledger.sentOfCampaign(campaignId, null) + sentInStep(draft, isOurs);
    if (sent >= total) {
      return {
        reason: 'rule_total',
        detail: `the budget of the campaign ${campaign.name} is used up: ${offers(total)} in all`,
      };
    }
  }
  if (perDay === undefined) return null;
  const day = dayOfCampaign(campaign, at);
  const inStep = sentInStep(draft, (one) => isOurs(one) && dayOfCampaign(campaign, one.at) === day);
  if (draft.ledger.sentOfCampaign(campaignId, day) + inStep < perDay) return null;
  return {
    reason: 'rule_total',
    detail: `the budget of the campaign ${campaign.name} is used up for ${day}: ${offers(perDay)} a day`,
  };
}

/** The day, `YYYY-MM-DD`, on which an offer counts against a campaign's budget. */
export function dayOfCampaign(campaign: { readonly timezone: string | null }, at: number): string {
  return localTime(at, campaign.timezone ?? 'UTC').date;
}

/** The code that the next offer of a pool would get, or null where none is left. */
export function nextCode(draft: Draft, poolId: string): string | null {
  const given = sentInStep(
    draft,
    ({ outcome }) => outcome.kind === 'sent' && outcome.offer.codePool === poolId,
  );
  return draft.ledger.code(poolId, given);
}

/** Offers that this step has sent already: the ledger does not know of them yet. */
function sentInStep(draft: Draft, isMeant: (decision: Decision) => boolean): number {
  return draft.decisions.filter((one) => one.outcome.kind === 'sent' && isMeant(one)).length;
}
