import { dayOfCampaign } from '../../rules/pacing/limits.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import type { Decision, Ledger } from '../../rules/step.ts';

export interface LedgerStart {
  /** By rule, how many offers were sent before. */
  readonly rules?: Readonly<Record<string, number>>;
  /** By campaign, how many were sent before its first day here. */
  readonly campaigns?: Readonly<Record<string, number>>;
  /** By pool. */
  readonly codes?: Readonly<Record<string, readonly string[]>>;
}

/** Counts what it is told of, as the engine's does with what is written down. */
export interface CountingLedger extends Ledger {
  take(decisions: readonly Decision[], rulebook: Rulebook): void;
}

export function countingLedger({ rules = {}, campaigns = {}, codes = {} }: LedgerStart = {}): CountingLedger {
  const counts = new Map<string, number>();
  const free = new Map(Object.entries(codes).map(([pool, list]) => [pool, [...list]]));
  const count = (key: string, by = 1) => counts.set(key, (counts.get(key) ?? 0) + by);
  for (const [id, sent] of Object.entries(rules)) count(`rule ${id}`, sent);
  for (const [id, sent] of Object.entries(campaigns)) count(`campaign ${id} null`, sent);
  return {
    sentOfRule: (id) => counts.get(`rule ${id}`) ?? 0,
    sentOfCampaign: (id, day) => counts.get(`campaign ${id} ${day}`) ?? 0,
    code: (pool, position) => free.get(pool)?.[position] ?? null,
    take(decisions, rulebook) {
      for (const { rule, campaign, at, outcome } of decisions) {
        if (outcome.kind !== 'sent') continue;
        count(`rule ${rule}`);
        const { codePool, code } = outcome.offer;
        if (codePool !== undefined)
          free.set(
            codePool,
            (free.get(codePool) ?? []).filter((one) => one !== code),
          );
        if (campaign === undefined) continue;
        count(`campaign ${campaign} null`);
        count(`campaign ${campaign} ${dayOfCampaign(rulebook.campaign(campaign) ?? { timezone: null }, at)}`);
      }
    },
  };
}
