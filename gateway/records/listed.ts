import { type RawBuilder, sql } from 'kysely';

/**
 * Values for `in`, as one bound text: lists of every length are one statement then, which SQLite prepares once.
 *
 * @param values any number
 */
export function listed<Value extends string | number>(values: readonly Value[]): RawBuilder<Value> {
  return sql<Value>`(select value from json_each(${JSON.stringify(values)}))`;
}
