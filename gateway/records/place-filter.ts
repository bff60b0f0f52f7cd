import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** Which places of the list are wanted; what is undefined does not restrict. */
export interface PlaceFilter {
  /** Part of the name or the id; case counts as no difference in ASCII. */
  readonly text?: string | undefined;
  /** A tag that the place carries, whole. */
  readonly tag?: string | undefined;
}

/** A text as part of a LIKE pattern: its wildcards mean themselves, with `\` as the escape. */
const contains = (text: string): string => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

/** The condition on the table of places. */
export function wantedPlaces({ text, tag }: PlaceFilter): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = [sql<SqlBool>`true`];
  if (text !== undefined && text !== '') {
    const pattern = contains(text);
    conditions.push(sql`(name like ${pattern} escape '\\' or id like ${pattern} escape '\\')`);
  }
  if (tag !== undefined && tag !== '') {
    // The text is looked through first, for to read the JSON of a hundred thousand places takes a second.
    conditions.push(
      sql`instr(feature_json, ${JSON.stringify(tag)}) > 0 and exists (
        select 1 from json_each(feature_json, '$.properties.tags') as tag where tag.value = ${tag})`,
    );
  }
  return sql.join<SqlBool>(conditions, sql` and `) as RawBuilder<SqlBool>;
}
