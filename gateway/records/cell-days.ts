import type { Kysely } from 'kysely';
import type { CellDay } from '../cells/cell-tally.ts';
import type { Schema } from './schema.ts';

/** Rows of one statement: SQLite takes 32,766 values. */
const ROWS_A_STATEMENT = 2_000;

/** A cell over some days. */
export interface CellSum {
  readonly cell: string;
  /** On how many days enough devices were there. */
  readonly days: number;
  /** On the day with most of them. */
  readonly devices: number;
  /** On all these days. */
  readonly readings: number;
}

/** Keeps what was counted of whole days, in the place of what an earlier count of them said. */
export async function saveCellDays(
  db: Kysely<Schema>,
  days: readonly number[],
  cells: readonly CellDay[],
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const day of days) {
      await trx.deleteFrom('cell_days').where('day', '=', day).execute();
      await trx
        .insertInto('counted_days')
        .values({ day })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    for (let start = 0; start < cells.length; start += ROWS_A_STATEMENT)
      await trx
        .insertInto('cell_days')
        .values(cells.slice(start, start + ROWS_A_STATEMENT))
        .execute();
  });
}

/** Of the days [from, to), those that were not counted yet, ascending. */
export async function uncountedDays(
  db: Kysely<Schema>,
  from: number,
  to: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('counted_days')
    .select('day')
    .where('day', '>=', from)
    .where('day', '<', to)
    .execute();
  const counted = new Set(rows.map(({ day }) => day));
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index).filter(
    (day) => !counted.has(day),
  );
}

/** Sums the days [from, to) of each cell. */
export async function sumCells(db: Kysely<Schema>, from: number, to: number): Promise<readonly CellSum[]> {
  const rows = await db
    .selectFrom('cell_days')
    .select((row) => [
      'cell',
      row.fn.countAll<number>().as('days'),
      row.fn.max('devices').as('devices'),
      row.fn.sum<number>('readings').as('readings'),
    ])
    .where('day', '>=', from)
    .where('day', '<', to)
    .groupBy('cell')
    .execute();
  return rows.map(({ cell, days, devices, readings }) => ({
    cell,
    days: Number(days),
    devices: Number(devices),
    readings: Number(readings),
  }));
}
