import { hash, randomBytes } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { inChunks } from './chunks.ts';
import type { AuditNameKind, Schema } from './schema.ts';

const MARK = Symbol('name in the audit log');

/**
 * Something in an audit entry by which a person or a device is known. The entry itself holds an opaque ref; the name is kept
 * beside it in `audit_names`. Erasing deletes that row (person-tables/): what was done stays in the log, about somebody who can't be
 * told any more, and the chain stays whole.
 */
export interface AuditName {
  readonly [MARK]: true;
  readonly kind: AuditNameKind;
  /** Id of the person or device; forgetting them forgets the name. */
  readonly owner: string;
  readonly name: string;
}

const SALT_BYTES = 16;
/** 192 bits: nobody finds a second name that gives the same ref. */
const REF_BYTES = 24;
/** Every text of this form in the audit log is a ref; other texts of this form are given one (`word`). */
const REF = /^p_[0-9a-z]{8}[A-Za-z0-9_-]{32}$/;
const REFS_IN_TEXT = /p_[0-9a-z]{8}[A-Za-z0-9_-]{32}/g;
/** Digits of the entry's number in a ref. */
const SEQUENCE_DIGITS = 8;
const SEQUENCE_BASE = 36;
/** What is shown in the place of a name that was forgotten. */
export const ERASED = 'erased';

/** A consumer by id; null stays null. */
export function consumerName<T extends string | null>(id: T): T extends string ? AuditName : null;
export function consumerName(id: string | null): AuditName | null {
  return id === null ? null : nameOf('consumer', id, id);
}

/** A device by id. */
export function deviceName(id: string): AuditName {
  return nameOf('device', id, id);
}

/** Words that could tell who a consumer is: an address, where a consent came from. Forgotten together with the consumer. */
export function wordsOfConsumer(id: string, words: string): AuditName {
  return nameOf('consumer', id, words);
}

/** Words that could tell which device it is: an alias. Forgotten together with the device. */
export function wordsOfDevice(id: string, words: string): AuditName {
  return nameOf('device', id, words);
}

/** A text as it is, unless it looks like a ref. */
export function plainWord(text: string): string | AuditName {
  return isRef(text) ? nameOf('word', text, text) : text;
}

function nameOf(kind: AuditNameKind, owner: string, name: string): AuditName {
  return { [MARK]: true, kind, owner, name };
}

export function isAuditName(value: unknown): value is AuditName {
  return typeof value === 'object' && value !== null && MARK in value;
}

export function isRef(text: string): boolean {
  return REF.test(text);
}

/** Refs in a text, and perhaps some words that are none. */
export function refsIn(text: string): readonly string[] {
  return text.match(REFS_IN_TEXT) ?? [];
}

/** A name as a key of a Map. */
export function nameKey({ kind, owner, name }: NameParts): string {
  return JSON.stringify([kind, owner, name]);
}

/**
 * The ref of a name: a hash that only who knows the salt can make again. So nobody can put another name under a ref unnoticed,
 * and once the salt is forgotten nobody can tell by trying names whose ref it was.
 *
 * @param sequence number of the first entry that has it. Refs of one time lie together in the file's indexes; in random order
 * an import of thousands would rewrite as many pages.
 */
function refOf(sequence: number, salt: Uint8Array, name: NameParts): string {
  return `p_${sequence.toString(SEQUENCE_BASE).padStart(SEQUENCE_DIGITS, '0')}${hashOf(salt, name)}`;
}

/** Whether a ref was made for this name. */
export function isRefOf(ref: string, salt: Uint8Array, name: NameParts): boolean {
  return isRef(ref) && ref.endsWith(hashOf(salt, name));
}

type NameParts = Pick<AuditName, 'kind' | 'owner' | 'name'>;

function hashOf(salt: Uint8Array, name: NameParts): string {
  const digest = hash('sha256', Buffer.concat([salt, Buffer.from(nameKey(name))]), 'buffer');
  return digest.subarray(0, REF_BYTES).toString('base64url');
}

/**
 * The refs of names, by `nameKey`; those that have none yet get one.
 *
 * @param trx a transaction that holds the write lock, else two could give one name two refs
 * @param sequence number of the entry that comes next
 */
export async function refsOf(
  trx: Kysely<Schema>,
  names: readonly AuditName[],
  sequence: number,
): Promise<ReadonlyMap<string, string>> {
  const refs = new Map<string, string>();
  if (names.length === 0) return refs;
  const wanted = new Map(names.map((name) => [nameKey(name), name]));
  for (const row of await rowsOfNames(trx, [...wanted.values()])) refs.set(nameKey(row), row.ref);
  const unknown = [...wanted].filter(([key]) => !refs.has(key));
  const salts = randomBytes(unknown.length * SALT_BYTES);
  const fresh = unknown.map(([key, { kind, owner, name }], index) => {
    const salt = salts.subarray(index * SALT_BYTES, (index + 1) * SALT_BYTES);
    const ref = refOf(sequence, salt, { kind, owner, name });
    refs.set(key, ref);
    return { ref, kind, owner, name, salt };
  });
  for (const rows of inChunks(fresh)) await trx.insertInto('audit_names').values(rows).execute();
  return refs;
}

async function rowsOfNames(
  db: Kysely<Schema>,
  names: readonly AuditName[],
): Promise<readonly Selectable<Schema['audit_names']>[]> {
  const asked = JSON.stringify(names.map(({ kind, owner, name }) => [kind, owner, name]));
  const { rows } = await sql<Selectable<Schema['audit_names']>>`
    select n.* from json_each(${asked}) as one cross join audit_names as n
    on n.kind = one.value ->> 0 and n.owner = one.value ->> 1 and n.name = one.value ->> 2`.execute(db);
  return rows;
}

/** The names of refs; one that is missing was forgotten. */
export async function namesOfRefs(
  db: Kysely<Schema>,
  refs: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (refs.length === 0) return new Map();
  const { rows } = await sql<{ ref: string; name: string }>`
    select n.ref, n.name from json_each(${JSON.stringify(refs)}) as one cross join audit_names as n
    on n.ref = one.value`.execute(db);
  return new Map(rows.map(({ ref, name }) => [ref, name]));
}

/** All refs that stand for a person or device of this id, or for a word; none where the audit log does not know it. */
export async function refsOfId(
  db: Kysely<Schema>,
  id: string,
  kinds: readonly AuditNameKind[] = ['consumer', 'device', 'word'],
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('audit_names')
    .select('ref')
    .where('kind', 'in', kinds)
    .where('owner', '=', id)
    .where('name', '=', id)
    .execute();
  return rows.map(({ ref }) => ref);
}
