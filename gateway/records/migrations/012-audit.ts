import { type Kysely, type Selectable, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { appendEntries, type EntryToAppend } from '../audit-append.ts';
import { type AuditName, consumerName, deviceName, wordsOfConsumer, wordsOfDevice } from '../audit-names.ts';
import type { Schema } from '../schema.ts';
import { deletingSecurely } from '../secure-delete.ts';

/** Entries a statement. */
const SLICE_ROWS = 500;

/**
 * The audit log becomes a chain of hashes in which persons and devices stand under refs; tills redeem codes. Entries of earlier
 * times are chained in their order; who was erased before is not named any more.
 */
export const audit: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table audit rename to audit_before`.execute(db);
    await sql`create table audit (
      id integer primary key, at integer not null, actor text not null, action text not null, subject text not null,
      detail_json text not null, prev_hash text not null, hash text not null)`.execute(db);
    await sql`create table audit_names (
      ref text primary key, kind text not null, owner text not null, name text not null, salt blob not null,
      unique (kind, owner, name)) without rowid`.execute(db);
    await chainEarlierEntries(db as Kysely<Schema>);
    await sql`create index audit_by_time on audit (at, id)`.execute(db);
    await sql`create index audit_by_subject on audit (subject, at, id)`.execute(db);
    await sql`create index audit_by_actor on audit (actor, at, id)`.execute(db);
    await redemptions(db);
  },
};

async function chainEarlierEntries(db: Kysely<Schema>): Promise<void> {
  for (let after = 0; ; ) {
    const { rows } = await sql<OldEntry>`
      select id, at, actor, action, subject, detail_json from audit_before
      where id > ${after} order by id limit ${SLICE_ROWS}`.execute(db);
    const last = rows.at(-1);
    if (last === undefined) break;
    await appendEntries(db, rows.map(marked));
    after = last.id;
  }
  await deletingSecurely(db, async () => {
    for (const [kind, table] of [
      ['device', 'devices'],
      ['consumer', 'consumers'],
    ] as const) {
      await sql`delete from audit_names where kind = ${kind} and owner not in (select id from ${sql.table(table)})`.execute(
        db,
      );
    }
    await sql`drop table audit_before`.execute(db);
  });
}

type OldEntry = Pick<
  Selectable<Schema['audit']>,
  'id' | 'at' | 'actor' | 'action' | 'subject' | 'detail_json'
>;

/** Marks the names in an entry, as the code that wrote it does from now on. */
function marked({ at, actor, action, subject, detail_json }: OldEntry): EntryToAppend {
  const detail = JSON.parse(detail_json) as Record<string, unknown>;
  const mark = (fields: readonly string[], name: (text: string) => AuditName) => ({
    ...detail,
    ...Object.fromEntries(
      fields.flatMap((field) => {
        const value = detail[field];
        return typeof value === 'string' ? [[field, name(value)]] : [];
      }),
    ),
  });
  switch (action.slice(0, action.indexOf('.'))) {
    case 'device': {
      const owners = mark(['consumerId', 'from', 'to'], consumerName);
      const names = mark(['alias'], (alias) => wordsOfDevice(subject, alias));
      return {
        at,
        actor,
        action,
        subject: deviceName(subject),
        detail: detail.alias === undefined ? owners : names,
      };
    }
    case 'consumer':
    case 'consent':
    case 'push_subscription':
      return {
        at,
        actor,
        action,
        subject: consumerName(subject),
        detail: mark(['source'], (source) => wordsOfConsumer(subject, source)),
      };
    case 'quarantine': {
      const isOfDevice = subject === detail.device;
      return {
        at,
        actor,
        action,
        subject: isOfDevice ? deviceName(subject) : subject,
        detail: mark(['device'], deviceName),
      };
    }
    default:
      return { at, actor, action, subject, detail };
  }
}

async function redemptions(db: Kysely<unknown>): Promise<void> {
  await sql`alter table deliveries add column redeemed_at integer`.execute(db);
  await sql`create table tills (
    id text primary key, name text not null, token_lookup text not null unique, created_at integer not null) without rowid`.execute(
    db,
  );
  // An offer is redeemed once: the second row of a delivery is refused.
  await sql`create table redemptions (
    seq integer primary key, till text not null, id text not null,
    delivery_id text not null unique references deliveries (id) on delete cascade,
    at integer not null, received_at integer not null, unique (till, id))`.execute(db);
  await sql`create index redemptions_by_time on redemptions (received_at, seq)`.execute(db);
  await sql`create index redemptions_by_till on redemptions (till, received_at, seq)`.execute(db);
}
