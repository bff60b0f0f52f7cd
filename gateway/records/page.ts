import { Buffer } from 'node:buffer';
import { type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import { WaysideError } from '../errors.ts';

/** Which part of a list is asked for. */
export interface PageRequest {
  /** Inclusive, epoch ms. */
  readonly from?: number | undefined;
  /** Exclusive, epoch ms. */
  readonly to?: number | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface Page<Item> {
  /** Newest first. */
  readonly items: Item[];
  /** Cursor of the next page, or null at the end. */
  readonly next: string | null;
}

/** How a list is ordered: its name goes into the cursor, so that one list's cursor is refused by another. */
export interface ListOrder {
  readonly list: string;
  readonly timeColumn: string;
  readonly idColumn: string;
}

type Key = readonly [time: number, id: string | number];

/**
 * For `$call` of a query: restricts it to the rows of one page, and one more that tells whether there is a next page. Newest
 * first; ids break ties, so that no row is told twice or passed over.
 *
 * @param columns values that columns must have; undefined does not restrict
 * @throws WaysideError `bad_cursor`
 */
export function onPage(
  order: ListOrder,
  request: PageRequest,
  columns: Readonly<Record<string, string | undefined>> = {},
) {
  const newestFirst = sql`${sql.ref(order.timeColumn)} desc, ${sql.ref(order.idColumn)} desc`;
  return <Db, Table extends keyof Db, Row>(query: SelectQueryBuilder<Db, Table, Row>) =>
    query
      .where(withinPage(order, request))
      .where(matching(columns))
      .orderBy(newestFirst)
      .limit(request.limit + 1);
}

/** Within `from` and `to`, and beyond the cursor. */
function withinPage(order: ListOrder, request: PageRequest): RawBuilder<SqlBool> {
  const time = sql.ref(order.timeColumn);
  const conditions: RawBuilder<SqlBool>[] = [sql<SqlBool>`true`];
  if (request.from !== undefined) conditions.push(sql`${time} >= ${request.from}`);
  if (request.to !== undefined) conditions.push(sql`${time} < ${request.to}`);
  if (request.cursor !== undefined) {
    const [at, id] = readCursor(order, request.cursor);
    conditions.push(sql`(${time}, ${sql.ref(order.idColumn)}) < (${at}, ${id})`);
  }
  return sql.join<SqlBool>(conditions, sql` and `) as RawBuilder<SqlBool>;
}

function matching(columns: Readonly<Record<string, string | undefined>>): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql<SqlBool>`true`];
  for (const [column, value] of Object.entries(columns)) {
    if (value !== undefined) conditions.push(sql`${sql.ref(column)} = ${value}`);
  }
  return sql.join<SqlBool>(conditions, sql` and `) as RawBuilder<SqlBool>;
}

/**
 * Makes a page of the rows that a query with `onPage` found.
 *
 * @param key the row's values of the order's two columns
 */
export function pageOf<Row, Item>(
  order: ListOrder,
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => Key,
  item: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? writeCursor(order, key(last)) : null;
  return { items: shown.map(item), next };
}

function writeCursor(order: ListOrder, [time, id]: Key): string {
  return Buffer.from(JSON.stringify([order.list, time, id])).toString('base64url');
}

function readCursor(order: ListOrder, cursor: string): Key {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch (cause) {
    throw new WaysideError('bad_cursor', 'it cannot be read', { cause });
  }
  if (!Array.isArray(parts) || parts.length !== 3) throw new WaysideError('bad_cursor', 'it cannot be read');
  const [list, time, id] = parts as unknown[];
  if (list !== order.list) throw new WaysideError('bad_cursor', `it is not of the list of ${order.list}`);
  if (typeof time !== 'number' || (typeof id !== 'string' && typeof id !== 'number')) {
    throw new WaysideError('bad_cursor', 'it cannot be read');
  }
  return [time, id];
}
