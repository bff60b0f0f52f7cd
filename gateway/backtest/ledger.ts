import { dayOfCampaign } from '../../rules/pacing/limits.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import type { Decision, Ledger } from '../../rules/step.ts';

/** What was sent before the simulation begins, and how many codes there were then. */
export interface LedgerStart {
  readonly rules: ReadonlyMap<string, number>;
  /** By campaign. */
  readonly campaigns: ReadonlyMap<string, number>;
  /** By campaign and day, as `campaignDay` writes it. */
  readonly campaignDays: ReadonlyMap<string, number>;
  /** By pool. */
  readonly codes: ReadonlyMap<string, number>;
}

export interface SimulatedLedger extends Ledger {
  /** Takes in what a step sent. */
  take(decisions: readonly Decision[]): void;
}

/** Stands for a code: a trial gives none away. */
const SAMPLE_CODE = 'SAMPLE-CODE';

export function campaignDay(campaignId: string, day: string): string {
  // No id holds a slash.
  return `${campaignId}/${day}`;
}

/** The totals of a simulation: those that were real before it, and from then on its own. */
export function createSimulatedLedger(rulebook: Rulebook, start: LedgerStart): SimulatedLedger {
  const rules = new Map(start.rules);
  const campaigns = new Map(start.campaigns);
  const campaignDays = new Map(start.campaignDays);
  const codes = new Map(start.codes);
  const add = (counts: Map<string, number>, key: string, by: number) =>
    counts.set(key, (counts.get(key) ?? 0) + by);
  return {
    sentOfRule: (ruleId) => rules.get(ruleId) ?? 0,
    sentOfCampaign: (campaignId, day) =>
      (day === null ? campaigns.get(campaignId) : campaignDays.get(campaignDay(campaignId, day))) ?? 0,
    code: (poolId, position) => (position < (codes.get(poolId) ?? 0) ? SAMPLE_CODE : null),
    take(decisions) {
      for (const { outcome, rule, campaign, at } of decisions) {
        if (outcome.kind !== 'sent') continue;
        add(rules, rule, 1);
        if (outcome.offer.codePool !== undefined) add(codes, outcome.offer.codePool, -1);
        if (campaign === undefined) continue;
        add(campaigns, campaign, 1);
        const known = rulebook.campaign(campaign);
        if (known !== undefined) add(campaignDays, campaignDay(campaign, dayOfCampaign(known, at)), 1);
      }
    },
  };
}
