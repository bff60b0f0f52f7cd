import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which version and state of each rule was in force when; what the audit has of earlier times is taken over. */
export const ruleStates: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table rule_states (
      id integer primary key, rule text not null, at integer not null, version integer not null, state text not null)`.execute(
      db,
    );
    await sql`create index rule_states_by_rule on rule_states (rule, at, id)`.execute(db);
    // A change of state names no version: it is the last one that was saved, and versions only grow.
    await sql`insert into rule_states (rule, at, version, state)
      select subject, at,
        max(coalesce(json_extract(detail_json, '$.version'), 1)) over (partition by subject order by id),
        coalesce(json_extract(detail_json, '$.state'), json_extract(detail_json, '$.to'))
      from audit where action in ('rule.saved', 'rule.state') order by id`.execute(db);
    await sql`insert into rule_states (rule, at, version, state)
      select id, updated_at, version, state from rules
      where id not in (select rule from rule_states)`.execute(db);
  },
};
