import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { hashPassword, newToken } from '../../broker/credentials.ts';
import type { Role, Schema } from './schema.ts';

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
}

const PASSWORD_FILE = 'admin-password';

export async function findUser(db: Kysely<Schema>, name: string): Promise<User | null> {
  const row = await db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : { name: row.name, role: row.role, passwordHash: row.password_hash };
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
