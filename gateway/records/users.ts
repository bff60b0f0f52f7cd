import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { hashPassword, newToken } from '../../broker/credentials.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import type { Role, Schema } from './schema.ts';

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
}

export const ROLES: readonly Role[] = ['admin', 'marketer', 'analyst', 'device-manager'];

const PASSWORD_FILE = 'admin-password';
/** They are listed at once; a staff of more is kept elsewhere. */
const MAX_USERS = 1_000;
/** Names by which the audit calls those who are no users. */
const RESERVED = ['admin-token', 'anonymous'];

export async function findUser(db: Kysely<Schema>, name: string): Promise<User | null> {
  const row = await db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : { name: row.name, role: row.role, passwordHash: row.password_hash };
}

/** All users by name. */
export async function listUsers(db: Kysely<Schema>): Promise<Pick<User, 'name' | 'role'>[]> {
  return db.selectFrom('users').select(['name', 'role']).orderBy('name').limit(MAX_USERS).execute();
}

/** @throws WaysideError `already_exists`, `wrong_state` where there are 1,000 users */
export async function createUser(db: Kysely<Schema>, user: User, change: Change): Promise<void> {
  const { name, role, passwordHash } = user;
  if (RESERVED.includes(name)) throw new WaysideError('already_exists', `"${name}" is reserved`);
  await db.transaction().execute(async (trx) => {
    const { count } = await trx
      .selectFrom('users')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count >= MAX_USERS) throw new WaysideError('wrong_state', `there are ${MAX_USERS} users already`);
    const inserted = await trx
      .insertInto('users')
      .values({ name, role, password_hash: passwordHash })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirstOrThrow();
    if (inserted.numInsertedOrUpdatedRows === 0n)
      throw new WaysideError('already_exists', `there is a user "${name}"`);
    await writeAudit(trx, change, 'user.created', name, { role });
  });
}

/** Removes a user and ends their sessions. @throws WaysideError `not_found`, `wrong_state` for the last admin */
export async function deleteUser(db: Kysely<Schema>, name: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const user = await findUser(trx, name);
    if (user === null) throw new WaysideError('not_found', `there is no user "${name}"`);
    const otherAdmin = await trx
      .selectFrom('users')
      .select('name')
      .where('role', '=', 'admin')
      .where('name', '!=', name)
      .limit(1)
      .executeTakeFirst();
    if (user.role === 'admin' && otherAdmin === undefined)
      throw new WaysideError('wrong_state', `"${name}" is the last admin; make another one first`);
    await trx.deleteFrom('users').where('name', '=', name).execute();
    await trx.deleteFrom('sessions').where('kind', '=', 'staff').where('subject', '=', name).execute();
    await writeAudit(trx, change, 'user.deleted', name, { role: user.role });
  });
}

/**
 * Makes the user `admin` where there is no user yet, and writes the password to `admin-password` in the data directory,
 * readable by the owner alone.
 *
 * @returns path of the password file if one was written now, else null
 */
export async function ensureAdmin(db: Kysely<Schema>, dataDir: string): Promise<string | null> {
  const anyUser = await db.selectFrom('users').select('name').limit(1).executeTakeFirst();
  if (anyUser !== undefined) return null;
  const password = newToken();
  const file = join(dataDir, PASSWORD_FILE);
  // The file first: a crash in between leaves no user, and the next start makes both anew.
  await writeFile(file, `${password}\n`, { mode: 0o600, flush: true });
  // `mode` is for new files only, and the umask takes from it.
  await chmod(file, 0o600);
  await db
    .insertInto('users')
    .values({ name: 'admin', role: 'admin', password_hash: await hashPassword(password) })
    .execute();
  return file;
}
