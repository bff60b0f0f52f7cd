import type { Kysely, Selectable } from 'kysely';
import type { Purpose } from '../../rules/step.ts';
import { type Change, writeAudit } from './audit.ts';
import { wordsOfConsumer } from './audit-names.ts';
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
  /** Version of the consent policy that it was said to, and the words that were shown; null where whoever noted it did not say. */
  readonly policyVersion: number | null;
  readonly wording: string | null;
}

/** What a consumer says of a purpose. */
export interface SaidOfPurpose {
  readonly purpose: Purpose;
  readonly granted: boolean;
  readonly source: string;
  readonly policyVersion?: number | undefined;
  readonly wording?: string | undefined;
}

type ConsentRow = Pick<
  Selectable<Schema['consents']>,
  'purpose' | 'granted' | 'source' | 'at' | 'policy_version' | 'wording'
>;

function consentOf({ purpose, granted, source, at, policy_version, wording }: ConsentRow): Consent {
  return { purpose, granted: granted === 1, source, at, policyVersion: policy_version, wording };
}

/** What the consumer said of each purpose; a purpose never spoken of is not in the list, and not granted. */
export async function listConsents(db: Kysely<Schema>, consumerId: string): Promise<readonly Consent[]> {
  const rows = await db
    .selectFrom('consents')
    .selectAll()
    .where('consumer_id', '=', consumerId)
    .orderBy('purpose')
    .execute();
  return rows.map(consentOf);
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
  return pageOf(LOG_ORDER, rows, page.limit, (row) => [row.at, row.id], consentOf);
}

/** What held of each purpose at a time (domain time), by the log. A purpose never spoken of until then is not in it. */
export async function consentsAt(
  db: Kysely<Schema>,
  consumerId: string,
  at: number,
): Promise<ReadonlyMap<Purpose, Consent>> {
  const rows = await db
    .selectFrom('consent_log')
    .selectAll()
    .where('id', 'in', (select) =>
      select
        .selectFrom('consent_log')
        .select((last) => last.fn.max('id').as('id'))
        .where('consumer_id', '=', consumerId)
        .where('at', '<=', at)
        .groupBy('purpose'),
    )
    .execute();
  return new Map(rows.map((row) => [row.purpose, consentOf(row)]));
}

/** @throws WaysideError `not_found` where there is no such consumer */
export async function setConsent(
  db: Kysely<Schema>,
  consumerId: string,
  said: SaidOfPurpose,
  change: Change,
): Promise<Consent> {
  return db.transaction().execute(async (trx) => {
    await requireConsumer(trx, consumerId);
    return writeConsent(trx, consumerId, said, change);
  });
}

/** Whether there is nothing left to stop: no consent is granted, and no browser is subscribed. */
export async function hasStopped(db: Kysely<Schema>, consumerId: string): Promise<boolean> {
  const granted = await db
    .selectFrom('consents')
    .select('purpose')
    .where('consumer_id', '=', consumerId)
    .where('granted', '=', 1)
    .limit(1)
    .executeTakeFirst();
  const subscribed = await db
    .selectFrom('push_subscriptions')
    .select('id')
    .where('consumer_id', '=', consumerId)
    .limit(1)
    .executeTakeFirst();
  return granted === undefined && subscribed === undefined;
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
      if (granted) await writeConsent(trx, consumerId, { purpose, granted: false, source }, change);
    }
    await trx.deleteFrom('push_subscriptions').where('consumer_id', '=', consumerId).execute();
    await writeAudit(trx, change, 'consumer.stopped', consumerId, {
      source: wordsOfConsumer(consumerId, source),
    });
  });
}

/** What holds from now on, and a line of its history: what was decided in the past is judged by what held then. */
async function writeConsent(
  trx: Kysely<Schema>,
  consumerId: string,
  said: SaidOfPurpose,
  change: Change,
): Promise<Consent> {
  const { purpose, granted, source, policyVersion = null, wording = null } = said;
  const values = {
    granted: granted ? 1 : 0,
    source,
    at: change.at,
    policy_version: policyVersion,
    wording,
  } as const;
  await trx
    .insertInto('consents')
    .values({ consumer_id: consumerId, purpose, ...values })
    .onConflict((conflict) => conflict.columns(['consumer_id', 'purpose']).doUpdateSet(values))
    .execute();
  await trx
    .insertInto('consent_log')
    .values({ consumer_id: consumerId, purpose, ...values })
    .execute();
  const action = granted ? 'consent.granted' : 'consent.withdrawn';
  await writeAudit(trx, change, action, consumerId, {
    purpose,
    source: wordsOfConsumer(consumerId, source),
    ...(policyVersion !== null && { policyVersion }),
  });
  return consentOf({ purpose, ...values });
}
