/** Pages a statement: about 1 MiB, and others that write wait for no longer than that takes. */
const PAGES_A_STEP = 256;

/** Carries out a statement of an open SQLite file. */
export type Execute = (
  sql: string,
) => readonly Readonly<Record<string, unknown>>[] | Promise<readonly Readonly<Record<string, unknown>>[]>;

/**
 * Overwrites the pages of a SQLite file that are not in use: what was deleted without `secure_delete` lies in them until they are
 * used again. They are taken into use for zeros, a few at a time, and let go again (https://www.sqlite.org/fileformat2.html#the_freelist).
 * What others free meanwhile is not overwritten.
 */
export async function overwriteFreePages(execute: Execute): Promise<void> {
  await execute('create table if not exists erased_space (zeros blob not null)');
  // Of a run that was cut short.
  await execute('delete from erased_space');
  const pageSize = await numberOf(execute, 'page_size');
  for (let left = await numberOf(execute, 'freelist_count'); left > 0; left -= PAGES_A_STEP) {
    const pages = Math.min(PAGES_A_STEP, await numberOf(execute, 'freelist_count'));
    if (pages === 0) break;
    // A page more than there are, so that none is left over.
    await execute(`insert into erased_space values (zeroblob(${(pages + 1) * pageSize}))`);
  }
  await execute('delete from erased_space');
}

async function numberOf(execute: Execute, pragma: 'page_size' | 'freelist_count'): Promise<number> {
  const [row] = await execute(`pragma ${pragma}`);
  return Number(row?.[pragma] ?? 0);
}
