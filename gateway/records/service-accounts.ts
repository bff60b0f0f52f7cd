import type { Kysely, Selectable } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { claimName } from './logins.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';
import { keptOf } from './tokens.ts';

/** A program (Node-RED, Grafana, a partner) that uses the broker. */
export interface ServiceAccount {
  readonly id: string;
  /** Topic filters. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly createdAt: number;
}

type Filters = Pick<ServiceAccount, 'publish' | 'subscribe'>;

const ORDER = { list: 'service-accounts', timeColumn: 'created_at', idColumn: 'id' };

function accountOf(row: Selectable<Schema['service_accounts']>): ServiceAccount {
  return {
    id: row.id,
    publish: JSON.parse(row.publish_json),
    subscribe: JSON.parse(row.subscribe_json),
    createdAt: row.created_at,
  };
}

function columnsOf({ publish, subscribe }: Filters): { publish_json: string; subscribe_json: string } {
  return { publish_json: JSON.stringify(publish), subscribe_json: JSON.stringify(subscribe) };
}

/** @throws WaysideError `already_exists` where a service account or a device has that id */
export async function createServiceAccount(
  db: Kysely<Schema>,
  account: Filters & { readonly id: string; readonly token: string },
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await claimName(trx, account.id);
    await trx
      .insertInto('service_accounts')
      .values({ id: account.id, ...columnsOf(account), ...keptOf(account.token), created_at: change.at })
      .execute();
    const { publish, subscribe } = account;
    await writeAudit(trx, change, 'service.created', account.id, { publish, subscribe });
  });
}

/** @throws WaysideError `not_found` */
export async function changeServiceAccount(
  db: Kysely<Schema>,
  id: string,
  filters: Filters,
  change: Change,
): Promise<ServiceAccount> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('service_accounts')
      .set(columnsOf(filters))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw absent(id);
    await writeAudit(trx, change, 'service.changed', id, filters);
    return accountOf(row);
  });
}

/** @throws WaysideError `not_found` */
export async function deleteServiceAccount(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const deleted = await trx
      .deleteFrom('service_accounts')
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (deleted === undefined) throw absent(id);
    await trx.deleteFrom('previous_tokens').where('user_id', '=', id).execute();
    await writeAudit(trx, change, 'service.deleted', id);
  });
}

/** @throws WaysideError `not_found` */
export async function getServiceAccount(db: Kysely<Schema>, id: string): Promise<ServiceAccount> {
  const row = await db.selectFrom('service_accounts').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw absent(id);
  return accountOf(row);
}

export async function listServiceAccounts(
  db: Kysely<Schema>,
  page: PageRequest,
): Promise<Page<ServiceAccount>> {
  const rows = await db.selectFrom('service_accounts').selectAll().$call(onPage(ORDER, page)).execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], accountOf);
}

function absent(id: string): WaysideError {
  return new WaysideError('not_found', `there is no service account "${id}"`);
}
