import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import { type AuditAction, subjectKind } from './audit-actions.ts';
import { appendEntries } from './audit-append.ts';
import {
  type AuditName,
  consumerName,
  deviceName,
  ERASED,
  isRef,
  namesOfRefs,
  refsIn,
  refsOfId,
} from './audit-names.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** Who makes a change, and when (domain time, epoch ms). */
export interface Change {
  /** Name of a user, `admin-token`, `consumer:<id>`, `device:<id>` or `fleet-key:<id>`. */
  readonly actor: string;
  readonly at: number;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  /** Such as `rule.saved`. */
  readonly action: string;
  /** Id of what was changed; `erased` where it was a person or device that was erased since. */
  readonly subject: string;
  /** By which a person or device is known in the chain, also after it was erased. */
  readonly subjectRef?: string;
  readonly detail: unknown;
  /** Of this entry and, by the chain, of all before it: see audit-chain.ts. */
  readonly hash: string;
}

export interface AuditFilter {
  /** Id of what was changed, or the ref of a person or device. */
  readonly subject?: string | undefined;
  readonly actor?: string | undefined;
  /** A whole action, or its first word: `consumer` is all that is about consumers. */
  readonly action?: string | undefined;
}

const ORDER = { list: 'audit', timeColumn: 'at', idColumn: 'id' };

/**
 * Notes a change, within the transaction that makes it (else in one of its own). `detail` holds no secret and no position.
 * Whoever is a person or device is kept under a ref: the subject by the first word of the action, the actor by its prefix, and in
 * `detail` what is marked by `consumerName`, `deviceName`, `wordsOfConsumer` or `wordsOfDevice`. Mark all that could tell who it
 * is (ids, aliases, addresses, free text): what is not marked stays for ever.
 *
 * @param subject marked where the action does not tell: `quarantine.retried` of a device's messages
 */
export async function writeAudit(
  trx: Kysely<Schema>,
  change: Change,
  action: AuditAction,
  subject: string | AuditName,
  detail: object = {},
): Promise<void> {
  await writeAudits(trx, change, action, [{ subject, detail }]);
}

/** Notes the same change of several subjects; no more than fit one statement. */
export async function writeAudits(
  trx: Kysely<Schema>,
  { at, actor }: Change,
  action: AuditAction,
  subjects: readonly { readonly subject: string | AuditName; readonly detail: object }[],
): Promise<void> {
  const entries = subjects.map(({ subject, detail }) => ({
    at,
    actor,
    action,
    subject: subjectName(action, subject),
    detail,
  }));
  if (trx.isTransaction) await appendEntries(trx, entries);
  else await trx.transaction().execute((own) => appendEntries(own, entries));
}

/** The subject of an action, marked where it is a person or device. */
export function subjectName(action: AuditAction, subject: string | AuditName): string | AuditName {
  if (typeof subject !== 'string') return subject;
  const kind = subjectKind(action);
  if (kind === 'thing') return subject;
  return kind === 'consumer' ? consumerName(subject) : deviceName(subject);
}

/** Newest first, with the names of persons and devices that were not erased since. */
export async function listAudit(
  db: Kysely<Schema>,
  filter: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditEntry>> {
  let query = db.selectFrom('audit').selectAll().$call(onPage(ORDER, page));
  const { subject, actor, action } = filter;
  if (subject !== undefined)
    query = query.where('subject', 'in', [subject, ...(await refsOfId(db, subject))]);
  if (actor !== undefined) query = query.where('actor', 'in', await actorTexts(db, actor));
  const rows = action === undefined ? await query.execute() : await rowsOfActions(db, query, action);
  const names = await namesOfRefs(
    db,
    rows.flatMap(({ actor, subject, detail_json }) => refsIn(`${actor} ${subject} ${detail_json}`)),
  );
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.at, row.id],
    (row) => entryOf(row, names),
  );
}

/**
 * The newest of each action that is meant, together: each is read in its order from the index, and those of a whole word are few.
 *
 * @param action a whole action, or its first word
 */
async function rowsOfActions(
  db: Kysely<Schema>,
  query: SelectQueryBuilder<Schema, 'audit', Row>,
  action: string,
): Promise<readonly Row[]> {
  const actions = action.includes('.') ? [action] : await actionsThatBeginWith(db, action);
  const found = await Promise.all(actions.map((one) => query.where('action', '=', one).execute()));
  return found.flat().sort((a, b) => b.at - a.at || b.id - a.id);
}

/** From one action to the next, past all entries in between. */
async function actionsThatBeginWith(db: Kysely<Schema>, word: string): Promise<readonly string[]> {
  // The slash is the character after the dot.
  const [first, end] = [`${word}.`, `${word}/`];
  const { rows } = await sql<{ action: string }>`
    with recursive next(action) as (
      select min(action) from audit where action >= ${first}
      union all
      select (select min(action) from audit where action > next.action) from next where next.action < ${end})
    select action from next where action < ${end}`.execute(db);
  return rows.map((row) => row.action);
}

async function actorTexts(db: Kysely<Schema>, actor: string): Promise<readonly string[]> {
  const colon = actor.indexOf(':');
  const kind = actor.slice(0, Math.max(colon, 0));
  if (kind !== 'consumer' && kind !== 'device') return [actor, ...(await refsOfId(db, actor, ['word']))];
  const refs = await refsOfId(db, actor.slice(colon + 1), [kind]);
  return [actor, ...refs.map((ref) => `${kind}:${ref}`)];
}

type Row = Selectable<Schema['audit']>;

function entryOf(row: Row, names: ReadonlyMap<string, string>): AuditEntry {
  const shown = (text: string) => (isRef(text) ? (names.get(text) ?? ERASED) : text);
  const colon = row.actor.indexOf(':');
  return {
    id: String(row.id),
    at: row.at,
    actor: `${row.actor.slice(0, colon + 1)}${shown(row.actor.slice(colon + 1))}`,
    action: row.action,
    subject: shown(row.subject),
    ...(isRef(row.subject) && { subjectRef: row.subject }),
    detail: JSON.parse(row.detail_json, (_key, value: unknown) =>
      typeof value === 'string' ? shown(value) : value,
    ),
    hash: row.hash,
  };
}
