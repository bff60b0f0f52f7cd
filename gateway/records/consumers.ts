import type { Kysely, Selectable } from 'kysely';
import type { QuietHours } from '../../rules/step.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

export interface Consumer {
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** IANA zone, or null where unknown. */
  readonly timezone: string | null;
  /** Null: offers may come at any hour. */
  readonly quietHours: QuietHours | null;
  /** Lower case. Where offers go by e-mail, if nothing better takes them. */
  readonly email: string | null;
  /** Id of the webhook that offers go to where no browser takes them. */
  readonly webhook: string | null;
  readonly createdAt: number;
}

export interface ConsumerSettings {
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly timezone?: string | null | undefined;
  readonly quietHours?: QuietHours | null | undefined;
  /** One address, checked before. */
  readonly email?: string | null | undefined;
  readonly webhook?: string | null | undefined;
}

/** What a consumer has who never said otherwise. */
export const DEFAULT_QUIET_HOURS: QuietHours = { from: '21:00', to: '08:00' };

const ORDER = { list: 'consumers', timeColumn: 'created_at', idColumn: 'id' };

function consumerOf(row: Selectable<Schema['consumers']>): Consumer {
  return {
    id: row.id,
    attributes: JSON.parse(row.attributes_json),
    timezone: row.timezone,
    quietHours: JSON.parse(row.quiet_hours_json),
    email: row.email,
    webhook: row.webhook,
    createdAt: row.created_at,
  };
}

/** @throws WaysideError `already_exists` for the id or the e-mail address, `unknown_webhook` */
export async function createConsumer(
  db: Kysely<Schema>,
  id: string,
  settings: ConsumerSettings,
  change: Change,
): Promise<Consumer> {
  return db.transaction().execute(async (trx) => {
    const quietHours = settings.quietHours === undefined ? DEFAULT_QUIET_HOURS : settings.quietHours;
    const row = {
      id,
      attributes_json: JSON.stringify(settings.attributes ?? {}),
      timezone: settings.timezone ?? null,
      quiet_hours_json: JSON.stringify(quietHours),
      created_at: change.at,
      ...(await checkedChannels(trx, id, settings)),
    };
    const inserted = await trx
      .insertInto('consumers')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow();
    if (inserted.numInsertedOrUpdatedRows === 0n) {
      throw new WaysideError('already_exists', `there is a consumer "${id}"`);
    }
    await writeAudit(trx, change, 'consumer.created', id);
    return consumerOf(row);
  });
}

/** Changes what is given and leaves the rest. @throws WaysideError `not_found`, `already_exists` for the e-mail address, `unknown_webhook` */
export async function updateConsumer(
  db: Kysely<Schema>,
  id: string,
  settings: ConsumerSettings,
  change: Change,
): Promise<Consumer> {
  return db.transaction().execute(async (trx) => {
    const before = await requireConsumer(trx, id);
    const after = {
      attributes: settings.attributes ?? before.attributes,
      timezone: settings.timezone === undefined ? before.timezone : settings.timezone,
      quietHours: settings.quietHours === undefined ? before.quietHours : settings.quietHours,
      ...(await checkedChannels(trx, id, {
        email: before.email,
        webhook: before.webhook,
        ...given(settings),
      })),
    };
    await trx
      .updateTable('consumers')
      .set({
        attributes_json: JSON.stringify(after.attributes),
        timezone: after.timezone,
        quiet_hours_json: JSON.stringify(after.quietHours),
        email: after.email,
        webhook: after.webhook,
      })
      .where('id', '=', id)
      .execute();
    const changed = Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    await writeAudit(trx, change, 'consumer.changed', id, { changed });
    return { ...before, ...after };
  });
}

function given({ email, webhook }: ConsumerSettings): ConsumerSettings {
  return { ...(email !== undefined && { email }), ...(webhook !== undefined && { webhook }) };
}

/** Refuses an address that another consumer has, for a sign-in link would let either in, and a webhook that is not there. */
async function checkedChannels(
  trx: Kysely<Schema>,
  id: string,
  settings: ConsumerSettings,
): Promise<Pick<Consumer, 'email' | 'webhook'>> {
  const email = settings.email?.toLowerCase() ?? null;
  const webhook = settings.webhook ?? null;
  if (email !== null) {
    const other = await trx
      .selectFrom('consumers')
      .select('id')
      .where('email', '=', email)
      .where('id', '!=', id)
      .executeTakeFirst();
    if (other !== undefined)
      throw new WaysideError('already_exists', 'another consumer has that e-mail address');
  }
  if (webhook !== null) {
    const known = await trx.selectFrom('webhooks').select('id').where('id', '=', webhook).executeTakeFirst();
    if (known === undefined) throw new WaysideError('unknown_webhook', `there is no webhook "${webhook}"`);
  }
  return { email, webhook };
}

/**
 * The consumer, which must be there.
 *
 * @param code `unknown_consumer` where another document names the consumer
 */
export async function requireConsumer(
  db: Kysely<Schema>,
  id: string,
  code: 'not_found' | 'unknown_consumer' = 'not_found',
): Promise<Consumer> {
  const row = await db.selectFrom('consumers').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError(code, `there is no consumer "${id}"`);
  return consumerOf(row);
}

export async function listConsumers(db: Kysely<Schema>, page: PageRequest): Promise<Page<Consumer>> {
  const rows = await db.selectFrom('consumers').selectAll().$call(onPage(ORDER, page)).execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.created_at, row.id], consumerOf);
}
