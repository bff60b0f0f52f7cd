import type { Kysely } from 'kysely';
import { PURPOSES } from '../../rules/step.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { BUILT_IN_WORDINGS, LANGUAGES, type Wordings } from './built-in-wordings.ts';
import type { Schema } from './schema.ts';

export interface ConsentPolicy {
  /** Counts up; what people agreed to names it. */
  readonly version: number;
  readonly wordings: Wordings;
  /** Domain time; null for the one that is built in. */
  readonly updatedAt: number | null;
}

const NAME = 'consent-policy';

/** The policy in force: the last one saved, or the one that is built in, version 1. */
export async function getConsentPolicy(db: Kysely<Schema>): Promise<ConsentPolicy> {
  const row = await db.selectFrom('settings').selectAll().where('name', '=', NAME).executeTakeFirst();
  if (row === undefined) return { version: 1, wordings: BUILT_IN_WORDINGS, updatedAt: null };
  const { version, wordings } = JSON.parse(row.document_json) as Pick<ConsentPolicy, 'version' | 'wordings'>;
  return { version, wordings, updatedAt: row.updated_at };
}

/**
 * Puts a policy in force. Consents to an earlier version stay as they are: what they were given to is written with them.
 *
 * @throws WaysideError `wrong_state` where the version is not above the present one, unless nothing would change
 */
export async function saveConsentPolicy(
  db: Kysely<Schema>,
  { version, wordings }: Pick<ConsentPolicy, 'version' | 'wordings'>,
  change: Change,
): Promise<ConsentPolicy> {
  return db.transaction().execute(async (trx) => {
    const before = await getConsentPolicy(trx);
    if (version === before.version && sameWordings(wordings, before.wordings)) return before;
    if (version <= before.version) {
      throw new WaysideError(
        'wrong_state',
        `version ${before.version} is in force: other wordings need a version above it, found ${version}`,
      );
    }
    const row = { document_json: JSON.stringify({ version, wordings }), updated_at: change.at };
    await trx
      .insertInto('settings')
      .values({ name: NAME, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
    await writeAudit(trx, change, 'consent-policy.saved', NAME, { version });
    return { version, wordings, updatedAt: change.at };
  });
}

function sameWordings(some: Wordings, others: Wordings): boolean {
  return PURPOSES.every((purpose) =>
    LANGUAGES.every((language) => some[purpose][language] === others[purpose][language]),
  );
}
