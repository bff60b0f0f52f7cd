/** Pages a statement: about 1 MiB, and others that write wait for no longer than that takes. */
const PAGES_A_STEP = 256;

/** Holds the zeros while they are laid out; empty but for then, and after a crash until the next time. */
export const CREATE_ERASED_SPACE = 'create table if not exists erased_space (zeros blob not null)';
/** Lets go of some 16 MiB of them, in a few milliseconds. */
export const DELETE_SOME_ZEROS =
  'delete from erased_space where rowid in (select rowid from erased_space limit 16)';

/** Carries out a statement of an open SQLite file. */
export type Execute = (
  sql: string,
) => readonly Readonly<Record<string, unknown>>[] | Promise<readonly Readonly<Record<string, unknown>>[]>;

/**
 * Overwrites the pages of a SQLite file that are not in use: what was deleted without `secure_delete` lies in them until they are
 * used again. They are taken into use for zeros, a few at a time, and let go again (https://www.sqlite.org/fileformat2.html#the_freelist).
 * What others free meanwhile is not overwritten. Not to be run twice at a time on one file.
 */
export async function overwriteFreePages(execute: Execute): Promise<void> {
  await execute(CREATE_ERASED_SPACE);
  // Of a run that was cut short.
  await deleteZeros(execute);
  const pageSize = await pragma(execute, 'page_size');
  for (let left = await pragma(execute, 'freelist_count'); left > 0; left -= PAGES_A_STEP) {
    const pages = Math.min(PAGES_A_STEP, await pragma(execute, 'freelist_count'));
    if (pages === 0) break;
    // A page more than there are, so that none is left over.
    await execute(`insert into erased_space values (zeroblob(${(pages + 1) * pageSize}))`);
  }
  await deleteZeros(execute);
}

async function deleteZeros(execute: Execute): Promise<void> {
  while ((await execute('select 1 from erased_space limit 1')).length > 0) await execute(DELETE_SOME_ZEROS);
}

async function pragma(execute: Execute, name: 'page_size' | 'freelist_count'): Promise<number> {
  const [row] = await execute(`pragma ${name}`);
  return Number(row?.[name] ?? 0);
}
