import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';
import type { Seal } from './seal.ts';

/** Where offers may go instead of a browser. Its secret is told once, and never again. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly updatedAt: number;
}

const MAX_WEBHOOKS = 1_000;
const ORDER = { list: 'webhooks', timeColumn: 'updated_at', idColumn: 'id' };

function webhookOf({ id, url, updated_at }: Omit<Schema['webhooks'], 'sealed_secret'>): Webhook {
  return { id, url, updatedAt: updated_at };
}

/**
 * Makes a webhook, or leads one elsewhere, with the secret that it has.
 *
 * @param url checked before
 * @param newSecret used where it is new
 * @returns whether it is new
 * @throws WaysideError `too_many`
 */
export async function putWebhook(
  db: Kysely<Schema>,
  seal: Seal,
  { id, url }: Pick<Webhook, 'id' | 'url'>,
  newSecret: string,
  change: Change,
): Promise<{ readonly webhook: Webhook; readonly isNew: boolean }> {
  return db.transaction().execute(async (trx) => {
    const webhook = { id, url, updatedAt: change.at };
    const detail = { origin: new URL(url).origin };
    const changed = await trx
      .updateTable('webhooks')
      .set({ url, updated_at: change.at })
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const isNew = changed.numUpdatedRows === 0n;
    if (isNew) {
      const { n } = await trx
        .selectFrom('webhooks')
        .select((select) => select.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow();
      if (Number(n) >= MAX_WEBHOOKS)
        throw new WaysideError('too_many', `at most ${MAX_WEBHOOKS} of them; a webhook is refused`);
      await trx
        .insertInto('webhooks')
        .values({ id, url, sealed_secret: seal.seal(newSecret), updated_at: change.at })
        .execute();
    }
    await writeAudit(trx, change, 'webhook.saved', id, detail);
    return { webhook, isNew };
  });
}

/** From now on messages are signed with this one alone. @throws WaysideError `not_found` */
export async function replaceWebhookSecret(
  db: Kysely<Schema>,
  seal: Seal,
  id: string,
  secret: string,
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const changed = await trx
      .updateTable('webhooks')
      .set({ sealed_secret: seal.seal(secret), updated_at: change.at })
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (changed.numUpdatedRows === 0n) throw missing(id);
    await writeAudit(trx, change, 'webhook.secret_replaced', id);
  });
}

/** @throws WaysideError `not_found` */
export async function getWebhook(db: Kysely<Schema>, id: string): Promise<Webhook> {
  const row = await db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw missing(id);
  return webhookOf(row);
}

export async function listWebhooks(db: Kysely<Schema>, page: PageRequest): Promise<Page<Webhook>> {
  const rows = await db.selectFrom('webhooks').selectAll().$call(onPage(ORDER, page)).execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.updated_at, row.id], webhookOf);
}

/**
 * Consumers who had it have none afterwards.
 *
 * @returns their ids
 * @throws WaysideError `not_found`
 */
export async function deleteWebhook(
  db: Kysely<Schema>,
  id: string,
  change: Change,
): Promise<readonly string[]> {
  return db.transaction().execute(async (trx) => {
    const consumers = await trx.selectFrom('consumers').select('id').where('webhook', '=', id).execute();
    const deleted = await trx.deleteFrom('webhooks').where('id', '=', id).executeTakeFirstOrThrow();
    if (deleted.numDeletedRows === 0n) throw missing(id);
    await writeAudit(trx, change, 'webhook.deleted', id);
    return consumers.map((consumer) => consumer.id);
  });
}

function missing(id: string): WaysideError {
  return new WaysideError('not_found', `there is no webhook "${id}"`);
}
