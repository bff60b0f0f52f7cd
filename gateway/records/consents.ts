import type { Kysely } from 'kysely';
import type { Purpose } from '../../rules/step.ts';
import { type Change, writeAudit } from './audit.ts';
import { requireConsumer } from './consumers.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

export interface Consent {
  readonly purpose: Purpose;
  readonly granted: boolean;
  /** Where the consumer said so: `consumer-page`, `sign-up form 3` … */
  readonly source: string;
  /** When it was said, domain time. */
  readonly at: number;
}

/** What the consumer said of each purpose; a purpose never spoken of is not in the list, and not granted. */
export async function listConsents(db: Kysely<Schema>, consumerId: string): Promise<readonly Consent[]> {
  const rows = await db
    .selectFrom('consents')
    .select(['purpose', 'granted', 'source', 'at'])
    .where('consumer_id', '=', consumerId)
    .orderBy('purpose')
    .execute();
  return rows.map((row) => ({ ...row, granted: row.granted === 1 }));
}

const LOG_ORDER = { list: 'consent_log', timeColumn: 'at', idColumn: 'id' };

/** All that the consumer ever said, newest first. */
export async function listConsentLog(
  db: Kysely<Schema>,
  consumerId: string,
  page: PageRequest,
): Promise<Page<Consent>> {
  const rows = await db
    .selectFrom('consent_log')
    .selectAll()
    .$call(onPage(LOG_ORDER, page, { consumer_id: consumerId }))
    .execute();
  return pageOf(
    LOG_ORDER,
    rows,
    page.limit,
    (row) => [row.at, row.id],
    ({ purpose, granted, source, at }) => ({ purpose, granted: granted === 1, source, at }),
  );
}

/** @throws WaysideError `not_found` where there is no such consumer */
export async function setConsent(
  db: Kysely<Schema>,
  consumerId: string,
  consent: { readonly purpose: Purpose; readonly granted: boolean; readonly source: string },
  change: Change,
): Promise<Consent> {
  return db.transaction().execute(async (trx) => {
    await requireConsumer(trx, consumerId);
    return writeConsent(trx, consumerId, { ...consent, at: change.at }, change);
  });
}

/** One tap to stop: every consent is withdrawn and every push subscription removed, together. */
export async function stopEverything(
  db: Kysely<Schema>,
  consumerId: string,
  source: string,
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await requireConsumer(trx, consumerId);
    for (const { purpose, granted } of await listConsents(trx, consumerId)) {
      if (granted)
        await writeConsent(trx, consumerId, { purpose, granted: false, source, at: change.at }, change);
    }
    await trx.deleteFrom('push_subscriptions').where('consumer_id', '=', consumerId).execute();
    await writeAudit(trx, change, 'consumer.stopped', consumerId, { source });
  });
}

/** What holds from now on, and a line of its history: what was decided in the past is judged by what held then. */
async function writeConsent(
  trx: Kysely<Schema>,
  consumerId: string,
  consent: Consent,
  change: Change,
): Promise<Consent> {
  const values = { granted: consent.granted ? 1 : 0, source: consent.source, at: consent.at } as const;
  await trx
    .insertInto('consents')
    .values({ consumer_id: consumerId, purpose: consent.purpose, ...values })
    .onConflict((conflict) => conflict.columns(['consumer_id', 'purpose']).doUpdateSet(values))
    .execute();
  await trx
    .insertInto('consent_log')
    .values({ consumer_id: consumerId, purpose: consent.purpose, ...values })
    .execute();
  const action = consent.granted ? 'consent.granted' : 'consent.withdrawn';
  await writeAudit(trx, change, action, consumerId, { purpose: consent.purpose, source: consent.source });
  return consent;
}
