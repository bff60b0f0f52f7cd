import { type Kysely, sql } from 'kysely';
import { PERSON_TABLES } from '../../../gateway/records/person-tables/all-tables.ts';
import type { Field, Link, PersonTable } from '../../../gateway/records/person-tables/person-table.ts';
import { sealedAddress } from '../../../gateway/records/push-subscriptions.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import type { Seal } from '../../../gateway/records/seal.ts';

/** A person whose rows are all unlike any other's. */
export interface MarkedPerson {
  readonly consumer: string;
  readonly device: string;
  readonly deviceKey: string;
  /** Stands in each text of theirs. */
  readonly mark: string;
  /** Numbers of theirs begin here, and are counted up. */
  readonly firstNumber: number;
  /** Tables in which they are already. */
  readonly except?: readonly (keyof Schema)[];
}

/** A value that was put into a column. */
export interface MarkedValue {
  readonly table: keyof Schema;
  readonly column: string;
  readonly value: unknown;
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** What a column may hold where it may not hold anything. */
const LIMITED: Readonly<Record<string, unknown>> = {
  granted: 1,
  level: 1,
  backed_up: 1,
  telemetry_gone: 0,
  sessions_gone: 0,
  engine_forgot: 0,
  outcome: 'sent',
  state: 'sent',
  channel: 'inbox',
  role: null,
  timezone: 'Europe/Rome',
  revoked_at: null,
  quiet_hours_json: '{"from":"21:00","to":"08:00"}',
};

/**
 * Puts one row into each table that may hold something of a person, for each way by which it can, with another value in each
 * column.
 */
export async function insertMarkedPerson(
  db: Kysely<Schema>,
  seal: Seal,
  person: MarkedPerson,
): Promise<readonly MarkedValue[]> {
  let number = person.firstNumber;
  const marked: MarkedValue[] = [];
  /** Values of rows that others refer to, by table and column. */
  const known = new Map<string, unknown>();

  async function insert(name: keyof Schema, table: PersonTable, link: Link<string>): Promise<void> {
    const { rows: columns } = await sql<Column>`select name, type from pragma_table_info(${name})`.execute(
      db,
    );
    const row: Record<string, unknown> = {};
    for (const column of columns) row[column.name] = valueFor(name, table, link, column);
    await sql`insert into ${sql.table(name)} (${sql.join(columns.map((one) => sql.ref(one.name)))})
      values (${sql.join(Object.values(row))})`.execute(db);
    for (const [column, value] of Object.entries(row)) {
      known.set(`${name}.${column}`, value);
      marked.push({ table: name, column, value });
    }
  }

  function valueFor(name: keyof Schema, table: PersonTable, link: Link<string>, column: Column): unknown {
    if (column.name === link.column) return linkedValue(link);
    if (link.where?.column === column.name) return link.where.is;
    if (name === 'devices' && column.name === 'id') return person.device;
    if (name === 'devices' && column.name === 'device_key') return person.deviceKey;
    if (name === 'visits' && column.name === 'device') return person.device;
    if (name === 'codes' && column.name === 'pool') return 'pool';
    // The pool's own: it stays, as one that was given.
    if (name === 'codes' && column.name === 'code') return `code-${person.firstNumber}`;
    if (name === 'consumers' && column.name === 'webhook') return 'hook';
    if (Object.hasOwn(LIMITED, column.name)) return LIMITED[column.name];
    const form = (table.fields as unknown as Readonly<Record<string, Partial<Field>>>)[column.name]?.form;
    const text = `${person.mark}-${name}-${column.name}-${link.by}`;
    if (form === 'json' || column.name.endsWith('_json')) return JSON.stringify({ text });
    if (form === 'sealed-address')
      return sealedAddress(seal, { endpoint: `https://push.example/${text}`, p256dh: text, auth: text })
        .sealed;
    if (column.type.toLowerCase() === 'blob') return Buffer.from(text);
    if (column.type.toLowerCase() === 'integer') {
      number += 1;
      return number;
    }
    return text;
  }

  function linkedValue(link: Link<string>): unknown {
    switch (link.by) {
      case 'consumer':
        return person.consumer;
      case 'device':
        return person.device;
      case 'device-key':
        return person.deviceKey;
      case 'subject':
        return `c:${person.consumer}`;
      case 'row':
        return known.get(`${link.of}.${link.itsColumn}`);
    }
  }

  await sql`insert or ignore into code_pools (id, document_json, updated_at) values ('pool', '{"name":"pool"}', 1)`.execute(
    db,
  );
  await sql`insert or ignore into webhooks (id, url, sealed_secret, updated_at) values ('hook', 'https://hook.example', x'00', 1)`.execute(
    db,
  );
  // Whom others refer to first.
  const rank = (name: string, link: Link<string>) =>
    name === 'consumers' ? 0 : name === 'devices' ? 1 : link.by === 'row' ? 3 : 2;
  const wanted = PERSON_TABLES.flatMap(([name, table]) =>
    table.links
      .filter((link) => link.forErasureAlone !== true && table.goes !== 'with-the-erasure')
      .filter(() => person.except?.includes(name) !== true)
      .map((link) => ({ name, table, link })),
  ).sort((a, b) => rank(a.name, a.link) - rank(b.name, b.link));
  for (const { name, table, link } of wanted) await insert(name, table, link);
  return marked;
}
