import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { EngineClient } from '../engine/engine-client.ts';
import { writeAudit } from '../records/audit.ts';
import type { Schema } from '../records/schema.ts';
import { forgetRestoredNote, readRestoredNote } from './restored-note.ts';
import { keepWithdrawn } from './withdrawn-consents.ts';

/**
 * At the first start after a restore, before the engine reads who agreed to what: consents that were withdrawn since the backup stay
 * withdrawn. Does nothing at any other start.
 *
 * @param now domain time, epoch ms
 */
export async function keepRestoredConsents(
  records: Kysely<Schema>,
  dir: string,
  now: number,
  log: Logger,
): Promise<void> {
  const note = await readRestoredNote(dir);
  if (note === null) return;
  const kept = await keepWithdrawn(records, note.withdrawn, now);
  if (kept > 0) log.info({ consents: kept }, 'withdrew again what a restore brought back');
}

export interface RestoredParts {
  readonly records: Kysely<Schema>;
  /** The data directory. */
  readonly dir: string;
  readonly engine: Pick<EngineClient, 'catchUp'>;
  /** Domain time, epoch ms. */
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * At the first start after a restore, before anything is sent: what waited when the backup was made was sent since, for all that is
 * known here, and so was what follows from the readings behind it. Nobody gets an offer or a command a second time; who was signed in
 * signs in again, for who signed out since is not known here. Does nothing at any other start.
 */
export async function quietRestored({ records, dir, engine, now, log }: RestoredParts): Promise<void> {
  const note = await readRestoredNote(dir);
  if (note === null) return;
  await engine.catchUp();
  const { offers, commands } = await records.transaction().execute(async (trx) => {
    const withdrawn = await trx
      .updateTable('deliveries')
      .set({ state: 'withdrawn', reason: 'restored', next_attempt_at: null })
      .where('state', 'in', ['queued', 'retrying'])
      .executeTakeFirst();
    const expired = await trx
      .updateTable('commands')
      .set({ state: 'expired' })
      .where('state', 'in', ['queued', 'sent'])
      .executeTakeFirst();
    await trx.deleteFrom('sessions').execute();
    await trx.deleteFrom('invitations').where('used_at', 'is', null).execute();
    await trx.deleteFrom('login_codes').execute();
    const found = {
      offers: Number(withdrawn.numUpdatedRows),
      commands: Number(expired.numUpdatedRows),
    };
    await writeAudit(trx, { actor: 'restore', at: now() }, 'backup.restored', nameOf(note.createdAt), found);
    return found;
  });
  await forgetRestoredNote(dir);
  log.info(
    { backupOf: nameOf(note.createdAt), offers, commands },
    'started on a restored backup: offers and commands that waited in it are withdrawn, and everybody signs in again',
  );
}

function nameOf(time: number): string {
  return new Date(time).toISOString();
}
