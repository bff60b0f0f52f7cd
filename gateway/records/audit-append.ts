import type { Kysely } from 'kysely';
import { CHAIN_START, entryHash } from './audit-chain.ts';
import {
  type AuditName,
  consumerName,
  deviceName,
  isAuditName,
  nameKey,
  plainWord,
  refsOf,
} from './audit-names.ts';
import type { Schema } from './schema.ts';

/** An entry whose names are marked, so that refs can be put in their place. */
export interface EntryToAppend {
  readonly at: number;
  /** Name of a user, `consumer:<id>`, `device:<id>`, … */
  readonly actor: string;
  readonly action: string;
  readonly subject: string | AuditName;
  /** Plain JSON, with `AuditName`s anywhere in it. */
  readonly detail: unknown;
}

/**
 * Adds entries to the end of the chain. Reading the end and writing behind it are one under the write lock, so that two
 * writers never follow on the same entry.
 *
 * @param trx a transaction that has the write lock from its start (`begin immediate`)
 */
export async function appendEntries(trx: Kysely<Schema>, entries: readonly EntryToAppend[]): Promise<void> {
  if (entries.length === 0) return;
  const marked = entries.map((entry) => ({
    ...entry,
    ...markedActor(entry.actor),
    subject: named(entry.subject),
  }));
  const end = await trx
    .selectFrom('audit')
    .select(['id', 'hash'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const refs = await refsOf(
    trx,
    marked.flatMap(({ who, subject, detail }) => [who, subject, ...namesIn(detail)].filter(isAuditName)),
    (end?.id ?? 0) + 1,
  );
  const textOf = (value: string | AuditName) =>
    isAuditName(value) ? (refs.get(nameKey(value)) as string) : value;
  const replace = (_key: string, value: unknown) =>
    isAuditName(value) ? textOf(value) : typeof value === 'string' ? textOf(plainWord(value)) : value;

  let id = end?.id ?? 0;
  let prevHash = end?.hash ?? CHAIN_START;
  const rows = marked.map(({ at, prefix, who, action, subject, detail }) => {
    const text = {
      at,
      actor: `${prefix}${textOf(who)}`,
      action,
      subject: textOf(subject),
      detail_json: JSON.stringify(detail, replace),
    };
    const row = { id: ++id, ...text, prev_hash: prevHash, hash: entryHash(prevHash, text) };
    prevHash = row.hash;
    return row;
  });
  await trx.insertInto('audit').values(rows).execute();
}

/** Persons and devices that act; the kind stays readable. */
function markedActor(actor: string): { readonly prefix: string; readonly who: string | AuditName } {
  const colon = actor.indexOf(':');
  const [prefix, id] = [actor.slice(0, colon + 1), actor.slice(colon + 1)];
  if (prefix === 'consumer:') return { prefix, who: consumerName(id) };
  if (prefix === 'device:') return { prefix, who: deviceName(id) };
  return { prefix: '', who: plainWord(actor) };
}

function named(subject: string | AuditName): string | AuditName {
  return typeof subject === 'string' ? plainWord(subject) : subject;
}

function* namesIn(value: unknown): Generator<AuditName> {
  if (isAuditName(value)) yield value;
  else if (typeof value === 'string') {
    const word = plainWord(value);
    if (isAuditName(word)) yield word;
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) yield* namesIn(part);
  }
}
