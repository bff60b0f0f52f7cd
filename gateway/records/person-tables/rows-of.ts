import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { deletingSecurely } from '../secure-delete.ts';
import { PERSON_TABLES } from './all-tables.ts';
import type { Link, PersonTable } from './person-table.ts';

/** Whose rows are meant. */
export type Owner =
  | { readonly kind: 'consumer'; readonly id: string }
  | { readonly kind: 'device'; readonly id: string; readonly key: string };

/** Rows a transaction: some 20 ms, and the engine's commit waits for no longer than that. */
const ROWS_A_PART = 2_000;
/** What stands in the place of what led to a person. */
export const NOBODY_ANY_MORE = 'erased';

/** The condition for the rows of a table that are the owner's, or null where it can have none. */
export function rowsOf(table: PersonTable, owner: Owner): RawBuilder<SqlBool> | null {
  const conditions = table.links.flatMap((link) => conditionOf(link, owner) ?? []);
  return conditions.length === 0 ? null : sql<SqlBool>`(${sql.join(conditions, sql` or `)})`;
}

function conditionOf(link: Link<string>, owner: Owner): RawBuilder<SqlBool> | null {
  const linked = linkedBy(link, owner);
  if (linked === null || link.where === undefined) return linked;
  return sql<SqlBool>`(${linked} and ${sql.ref(link.where.column)} = ${link.where.is})`;
}

function linkedBy(link: Link<string>, owner: Owner): RawBuilder<SqlBool> | null {
  const column = sql.ref(link.column);
  switch (link.by) {
    case 'consumer':
      return owner.kind === 'consumer' ? sql<SqlBool>`${column} = ${owner.id}` : null;
    case 'device':
      return owner.kind === 'device' ? sql<SqlBool>`${column} = ${owner.id}` : null;
    case 'device-key':
      return owner.kind === 'device' ? sql<SqlBool>`${column} = ${owner.key}` : null;
    case 'subject':
      return sql<SqlBool>`${column} = ${`${owner.kind === 'consumer' ? 'c' : 'd'}:${owner.id}`}`;
    case 'row': {
      const parent = PERSON_TABLES.find(([name]) => name === link.of)?.[1];
      const its = parent === undefined ? null : rowsOf(parent, owner);
      if (its === null) return null;
      return sql<SqlBool>`${column} in (select ${sql.ref(link.itsColumn)} from ${sql.table(link.of)} where ${its})`;
    }
  }
}

/**
 * Deletes all rows of the owner but those of which there may be very many (`deleteParts`). What is deleted is overwritten in the
 * file.
 */
export async function deleteRows(trx: Kysely<Schema>, owner: Owner): Promise<void> {
  for (const [name, table] of PERSON_TABLES) {
    const rows = table.goes === 'deleted' ? rowsOf(table, owner) : null;
    if (rows === null) continue;
    await deletingSecurely(trx, () => sql`delete from ${sql.table(name)} where ${rows}`.execute(trx));
  }
}

/** Deletes the rest, in transactions of their own. A crash in between leaves rows that the next call deletes. */
export async function deleteParts(db: Kysely<Schema>, owner: Owner): Promise<void> {
  for (const [name, table] of PERSON_TABLES) {
    const rows = table.goes === 'deleted-in-parts' ? rowsOf(table, owner) : null;
    if (rows === null) continue;
    for (let deleted = ROWS_A_PART; deleted === ROWS_A_PART; )
      deleted = await db.transaction().execute((trx) => deletePart(trx, name, rows));
  }
}

async function deletePart(
  trx: Kysely<Schema>,
  name: keyof Schema,
  rows: RawBuilder<SqlBool>,
): Promise<number> {
  const part = sql`select rowid from ${sql.table(name)} where ${rows} order by rowid limit ${ROWS_A_PART}`;
  return deletingSecurely(trx, async () => {
    for (const [child, { goes, links }] of PERSON_TABLES) {
      const [link] = links;
      if (goes !== 'unlinked' || link?.by !== 'row' || link.of !== name) continue;
      await sql`update ${sql.table(child)} set ${sql.ref(link.column)} = ${NOBODY_ANY_MORE}
        where ${sql.ref(link.column)} in
          (select ${sql.ref(link.itsColumn)} from ${sql.table(name)} where rowid in (${part}))`.execute(trx);
    }
    const { numAffectedRows } = await sql`delete from ${sql.table(name)} where rowid in (${part})`.execute(
      trx,
    );
    return Number(numAffectedRows ?? 0);
  });
}
