import type { Kysely } from 'kysely';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** Who makes a change, and when (domain time, epoch ms). */
export interface Change {
  /** Name of a user, `admin-token`, or `consumer:<id>`. */
  readonly actor: string;
  readonly at: number;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  /** Such as `rule.saved`. */
  readonly action: string;
  /** Id of what was changed. */
  readonly subject: string;
  readonly detail: unknown;
}

const ORDER = { list: 'audit', timeColumn: 'at', idColumn: 'id' };

/** Notes a change, within the transaction that makes it. `detail` holds no secret and no position. */
export async function writeAudit(
  trx: Kysely<Schema>,
  change: Change,
  action: string,
  subject: string,
  detail: object = {},
): Promise<void> {
  await writeAudits(trx, change, action, [{ subject, detail }]);
}

/** Notes the same change of several subjects; no more than fit one statement. */
export async function writeAudits(
  trx: Kysely<Schema>,
  { at, actor }: Change,
  action: string,
  subjects: readonly { readonly subject: string; readonly detail: object }[],
): Promise<void> {
  const rows = subjects.map(({ subject, detail }) => ({
    at,
    actor,
    action,
    subject,
    detail_json: JSON.stringify(detail),
  }));
  await trx.insertInto('audit').values(rows).execute();
}

export async function listAudit(
  db: Kysely<Schema>,
  filter: { readonly subject?: string | undefined; readonly actor?: string | undefined },
  page: PageRequest,
): Promise<Page<AuditEntry>> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .$call(onPage(ORDER, page, { subject: filter.subject, actor: filter.actor }))
    .execute();
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.at, row.id],
    ({ id, detail_json, ...rest }) => ({ id: String(id), ...rest, detail: JSON.parse(detail_json) }),
  );
}
