import { readdir } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Schema } from '../../gateway/records/schema.ts';

const FOLDER = new URL('../../gateway/records/migrations/', import.meta.url);

/** Brings records to the form that an earlier version worked with. @param last name of its last migration */
export async function migrateTo(db: Kysely<Schema>, last: string): Promise<void> {
  const names = (await readdir(FOLDER)).map((file) => file.replace(/\.ts$/, '')).sort();
  const migrations: Record<string, Migration> = {};
  for (const name of names.filter((one) => one <= last)) {
    const exported: Record<string, Migration> = await import(new URL(`${name}.ts`, FOLDER).href);
    const [migration] = Object.values(exported);
    if (migration !== undefined) migrations[name] = migration;
  }
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
  }).migrateToLatest();
  if (error !== undefined) throw error;
}
