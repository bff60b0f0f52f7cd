import { type Kysely, sql } from 'kysely';
import { dayOfCampaign } from '../../rules/pacing/limits.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import type { Schema } from '../records/schema.ts';
import { campaignDay, type LedgerStart } from './ledger.ts';

/** What had been sent by a time, and the codes that were left then. Codes that were added later are taken to have been there. */
export async function ledgerAt(db: Kysely<Schema>, rulebook: Rulebook, at: number): Promise<LedgerStart> {
  const rules = await db
    .selectFrom('decisions')
    .select(['rule', (select) => select.fn.countAll<number>().as('sent')])
    .where('outcome', '=', 'sent')
    .where('at', '<', at)
    .groupBy('rule')
    .execute();
  const byHour = await db
    .selectFrom('decisions')
    .select([
      'campaign',
      sql<number>`at / 900000 * 900000`.as('quarter'),
      (select) => select.fn.countAll<number>().as('sent'),
    ])
    .where('outcome', '=', 'sent')
    .where('campaign', 'is not', null)
    .where('at', '<', at)
    .groupBy(['campaign', 'quarter'])
    .execute();
  const campaigns = new Map<string, number>();
  const campaignDays = new Map<string, number>();
  for (const { campaign: id, quarter, sent } of byHour) {
    const campaign = rulebook.campaign(id ?? '');
    if (id === null || campaign === undefined) continue;
    campaigns.set(id, (campaigns.get(id) ?? 0) + Number(sent));
    // Time zones differ by quarters of an hour, so that no quarter belongs to two days.
    const key = campaignDay(id, dayOfCampaign(campaign, quarter));
    campaignDays.set(key, (campaignDays.get(key) ?? 0) + Number(sent));
  }
  const codes = await db
    .selectFrom('codes')
    .select(['pool', (select) => select.fn.countAll<number>().as('left')])
    .where((where) => where.or([where('given_at', 'is', null), where('given_at', '>=', at)]))
    .groupBy('pool')
    .execute();
  return {
    rules: new Map(rules.map(({ rule, sent }) => [rule, Number(sent)])),
    campaigns,
    campaignDays,
    codes: new Map(codes.map(({ pool, left }) => [pool, Number(left)])),
  };
}
