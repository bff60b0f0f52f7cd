import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Field, PersonTable } from '../records/person-tables/person-table.ts';
import { type Owner, rowsOf } from '../records/person-tables/rows-of.ts';
import { openedAddress } from '../records/push-subscriptions.ts';
import type { Schema } from '../records/schema.ts';
import type { Seal } from '../records/seal.ts';

/** Rows read at a time: what is held of an export does not grow with the person. */
const ROWS_A_PAGE = 500;

export interface ExportSource {
  readonly db: Kysely<Schema>;
  readonly seal: Seal;
}

type Row = Readonly<Record<string, unknown>>;

/** What of a table is told, by column. */
export function toldFields(table: PersonTable): ReadonlyMap<string, Field> {
  return new Map(
    Object.entries(table.fields as Readonly<Record<string, Field | object>>).flatMap(([column, told]) =>
      'as' in told ? [[column, told as Field] as const] : [],
    ),
  );
}

/**
 * The owner's rows of a table, as the export tells them, some at a time.
 *
 * @param since what is older is an earlier owner's; null for all
 */
export async function* exportedRows(
  { db, seal }: ExportSource,
  name: keyof Schema,
  table: PersonTable,
  owner: Owner,
  since: number | null,
): AsyncGenerator<readonly object[]> {
  if (!('as' in table.export)) return;
  const links = table.links.filter((link) => link.forErasureAlone !== true);
  const owned = rowsOf({ ...table, links }, owner);
  if (owned === null) return;
  const { since: from } = table.export;
  const rows =
    from === undefined || since === null ? owned : sql<SqlBool>`${owned} and ${sql.ref(from)} >= ${since}`;
  const fields = toldFields(table);
  for await (const page of pagesOf(db, name, table, rows))
    yield page.map((row) => toldRow(row, fields, seal));
}

async function* pagesOf(
  db: Kysely<Schema>,
  name: keyof Schema,
  table: PersonTable,
  rows: RawBuilder<SqlBool>,
): AsyncGenerator<readonly Row[]> {
  const keys = 'as' in table.export && table.export.pageBy ? table.export.pageBy : await keysOf(db, name);
  const key = sql.join(keys.map((column) => sql.ref(column)));
  for (let after: readonly unknown[] | null = null; ; ) {
    const behind: RawBuilder<SqlBool> =
      after === null ? sql<SqlBool>`true` : sql<SqlBool>`(${key}) > (${sql.join([...after])})`;
    const page = await sql<Row>`select * from ${sql.table(name)} where ${rows} and ${behind}
      order by ${key} limit ${ROWS_A_PAGE}`.execute(db);
    if (page.rows.length > 0) yield page.rows;
    const last = page.rows.at(-1);
    if (last === undefined || page.rows.length < ROWS_A_PAGE) return;
    after = keys.map((column) => last[column]);
  }
}

/** The primary key, which every table has. */
async function keysOf(db: Kysely<Schema>, name: keyof Schema): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from pragma_table_info(${name}) where pk > 0 order by pk`.execute(db);
  return rows.map((row) => row.name);
}

function toldRow(row: Row, fields: ReadonlyMap<string, Field>, seal: Seal): object {
  return Object.fromEntries([...fields].map(([column, field]) => [field.as, told(row[column], field, seal)]));
}

function told(value: unknown, { form }: Field, seal: Seal): unknown {
  return value === null || form === undefined ? value : FORMS[form](value, seal);
}

const FORMS: Readonly<Record<NonNullable<Field['form']>, (value: unknown, seal: Seal) => unknown>> = {
  json: (value) => JSON.parse(value as string),
  boolean: (value) => value === 1,
  base64: (value) => Buffer.from(value as Uint8Array).toString('base64'),
  'sealed-address': (value, seal) => {
    const { endpoint, p256dh } = openedAddress(seal, value as Uint8Array);
    return { endpoint, p256dh };
  },
};
