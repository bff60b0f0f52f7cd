import type { Kysely } from 'kysely';
import { type Change, writeAudits } from './audit.ts';
import { inChunks } from './chunks.ts';
import type { RuleState, Schema } from './schema.ts';

/** A change of state alone. */
export interface RuleMove {
  readonly id: string;
  readonly version: number;
  readonly from: RuleState;
  readonly to: RuleState;
}

/**
 * Writes rules as their next versions, many with a few statements, within the caller's transaction, which has checked that they
 * follow on what there is.
 */
export async function writeVersions(
  trx: Kysely<Schema>,
  rules: readonly Schema['rules'][],
  change: Change,
): Promise<void> {
  for (const rows of inChunks(rules)) {
    await trx
      .insertInto('rules')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((row) => ({
          version: row.ref('excluded.version'),
          state: row.ref('excluded.state'),
          document_json: row.ref('excluded.document_json'),
          updated_at: row.ref('excluded.updated_at'),
        })),
      )
      .execute();
    const versions = rows.map(({ id, version, document_json }) => ({
      id,
      version,
      document_json,
      saved_at: change.at,
    }));
    await trx.insertInto('rule_versions').values(versions).execute();
    await noteInForce(trx, rows, change);
    await writeAudits(
      trx,
      change,
      'rule.saved',
      rows.map(({ id, version, state }) => ({ subject: id, detail: { version, state } })),
    );
  }
}

/** Gives rules another state, within the caller's transaction, which has checked that they may go there. */
export async function writeMoves(
  trx: Kysely<Schema>,
  moves: readonly RuleMove[],
  change: Change,
): Promise<void> {
  for (const [state, those] of Map.groupBy(moves, ({ to }) => to)) {
    for (const rows of inChunks(those)) {
      await trx
        .updateTable('rules')
        .set({ state, updated_at: change.at })
        .where(
          'id',
          'in',
          rows.map(({ id }) => id),
        )
        .execute();
      await noteInForce(
        trx,
        rows.map(({ id, version }) => ({ id, version, state })),
        change,
      );
      await writeAudits(
        trx,
        change,
        'rule.state',
        rows.map(({ id, from, to }) => ({ subject: id, detail: { from, to } })),
      );
    }
  }
}

/** What is in force from now on, for whoever asks later why a rule did what it did. */
async function noteInForce(
  trx: Kysely<Schema>,
  rules: readonly { readonly id: string; readonly version: number; readonly state: RuleState }[],
  change: Change,
): Promise<void> {
  const rows = rules.map(({ id, version, state }) => ({ rule: id, at: change.at, version, state }));
  await trx.insertInto('rule_states').values(rows).execute();
}
