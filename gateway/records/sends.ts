import { type Kysely, sql } from 'kysely';
import { inChunks } from './chunks.ts';
import type { Schema } from './schema.ts';

/** The `day` of a count of all days together. */
export const ALL_DAYS = '';

export type SendCount = Schema['sends'];

/** Adds to what was sent, within the transaction of the deliveries that it counts. */
export async function addSends(trx: Kysely<Schema>, counts: readonly SendCount[]): Promise<void> {
  for (const chunk of inChunks(counts)) {
    await trx
      .insertInto('sends')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.columns(['kind', 'id', 'day']).doUpdateSet({ sent: sql`sends.sent + excluded.sent` }),
      )
      .execute();
  }
}

/** What rules and campaigns must know while they decide: rules in all, campaigns in all and by day. */
export async function countsInForce(db: Kysely<Schema>): Promise<readonly SendCount[]> {
  return db.selectFrom('sends').selectAll().execute();
}

/** What campaigns sent, in all and on one day each. */
export async function sentOfCampaigns(
  db: Kysely<Schema>,
  campaigns: readonly { readonly id: string; readonly today: string }[],
): Promise<ReadonlyMap<string, { readonly total: number; readonly today: number }>> {
  const found = new Map(campaigns.map(({ id }) => [id, { total: 0, today: 0 }]));
  for (const chunk of inChunks(campaigns)) {
    const days = [ALL_DAYS, ...new Set(chunk.map(({ today }) => today))];
    const ids = chunk.map(({ id }) => id);
    const rows = await db
      .selectFrom('sends')
      .selectAll()
      .where('kind', '=', 'campaign')
      .where('id', 'in', ids)
      .where('day', 'in', days)
      .execute();
    for (const { id, today } of chunk) {
      const of = (day: string) => rows.find((row) => row.id === id && row.day === day)?.sent ?? 0;
      found.set(id, { total: of(ALL_DAYS), today: of(today) });
    }
  }
  return found;
}
