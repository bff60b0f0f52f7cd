import { type Kysely, type Selectable, sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';
import { lookupHash } from './sessions.ts';

/** What redeems one-time codes: a till, or a shop's server for all of its tills. */
export interface Till {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  /** When it last told of a code that was redeemed, domain time; null for never. */
  readonly lastRedemptionAt: number | null;
}

const ORDER = { list: 'tills', timeColumn: 'created_at', idColumn: 'id' };
const MOST_TILLS = 10_000;

/** @throws WaysideError `already_exists`, `too_many` */
export async function createTill(
  db: Kysely<Schema>,
  till: { readonly id: string; readonly name: string; readonly token: string },
  change: Change,
): Promise<void> {
  const { id, name, token } = till;
  await db.transaction().execute(async (trx) => {
    const { n } = await trx
      .selectFrom('tills')
      .select((row) => row.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    if (Number(n) >= MOST_TILLS) throw new WaysideError('too_many', `at most ${MOST_TILLS} tills are kept`);
    const inserted = await trx
      .insertInto('tills')
      .values({ id, name, token_lookup: lookupHash(token), created_at: change.at })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow();
    if (inserted.numInsertedOrUpdatedRows === 0n)
      throw new WaysideError('already_exists', `there is a till "${id}"`);
    await writeAudit(trx, change, 'till.created', id, { name });
  });
}

/** Its token opens nothing from now on; what it redeemed stays redeemed. @throws WaysideError `not_found` */
export async function deleteTill(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const deleted = await trx.deleteFrom('tills').where('id', '=', id).returning('id').executeTakeFirst();
    if (deleted === undefined) throw new WaysideError('not_found', `there is no till "${id}"`);
    await writeAudit(trx, change, 'till.deleted', id);
  });
}

export async function listTills(db: Kysely<Schema>, page: PageRequest): Promise<Page<Till>> {
  const rows = await db
    .selectFrom('tills')
    .select(['id', 'name', 'created_at'])
    .select(
      sql<number | null>`(select max(received_at) from redemptions where till = tills.id)`.as(
        'last_redemption_at',
      ),
    )
    .$call(onPage(ORDER, page))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], tillOf);
}

/** The till whose token it is, or null. The token is looked up by its hash, so that the time it takes tells nothing of it. */
export async function findTill(db: Kysely<Schema>, token: string): Promise<string | null> {
  const row = await db
    .selectFrom('tills')
    .select('id')
    .where('token_lookup', '=', lookupHash(token))
    .executeTakeFirst();
  return row?.id ?? null;
}

function tillOf(
  row: Pick<Selectable<Schema['tills']>, 'id' | 'name' | 'created_at'> & {
    readonly last_redemption_at: number | null;
  },
): Till {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    lastRedemptionAt: row.last_redemption_at,
  };
}
