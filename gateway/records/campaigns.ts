import type { Kysely } from 'kysely';
import type { Campaign } from '../../rules/document/campaign.ts';
import type { Change } from './audit.ts';
import { allDocuments, deleteDocument, saveDocument } from './documents.ts';
import { namesCampaign, refuseWhereNamed } from './rule-uses.ts';
import type { Schema } from './schema.ts';

/** @returns whether it is new */
export async function saveCampaign(db: Kysely<Schema>, campaign: Campaign, change: Change): Promise<boolean> {
  return db.transaction().execute((trx) => saveDocument(trx, 'campaigns', campaign.id, campaign, change));
}

/** What it sent stays counted: a campaign of the same id goes on from there. @throws WaysideError `not_found`, `in_use` */
export async function deleteCampaign(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await refuseWhereNamed(trx, `the campaign "${id}"`, id, namesCampaign);
    await deleteDocument(trx, 'campaigns', id, change);
  });
}

/** All campaigns, for the rulebook. */
export async function listCampaigns(db: Kysely<Schema>): Promise<readonly Campaign[]> {
  return (await allDocuments(db, 'campaigns')).map(({ document }) => document as Campaign);
}
