import { randomBytes } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { WaysideError } from '../errors.ts';

/**
 * Reads a file that holds a secret, and makes it (owner only, 0600) where it is not there yet. Two processes that make it at
 * once end with the same content: the file appears complete, and the first one stays.
 *
 * @param make gives the content of a new file
 * @throws WaysideError data_dir_unwritable
 */
export async function readOrCreateSecret(file: string, make: () => string): Promise<string> {
  const known = await readIfThere(file);
  if (known !== null) return known;
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(make());
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link fails where the name is taken; a rename would put the second secret over the first.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(draft);
  } catch (error) {
    throw new WaysideError('data_dir_unwritable', `${file} could not be made`, { cause: error });
  }
  return readFile(file, 'utf8');
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new WaysideError('data_dir_damaged', `${file} cannot be read`, { cause: error });
  }
}
