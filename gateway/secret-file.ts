import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WaysideError } from './errors.ts';
import { syncPath } from './sync-path.ts';

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
  try {
    const draft = await writeDraft(file, make());
    // A link fails where the name is taken; a rename would put the second secret over the first.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(draft);
    // Before anything is sealed or signed with it: a power loss must not take the name of a key back.
    await syncPath(dirname(file));
  } catch (error) {
    throw new WaysideError('data_dir_unwritable', `${file} could not be made`, { cause: error });
  }
  return readFile(file, 'utf8');
}

/**
 * Puts another content in the place of a secret. Whatever happens meanwhile, the file holds the one or the other, whole; once this
 * resolves, the disk has the new one.
 *
 * @throws WaysideError data_dir_unwritable
 */
export async function replaceSecret(file: string, content: string): Promise<void> {
  try {
    await rename(await writeDraft(file, content), file);
    await syncPath(dirname(file));
  } catch (error) {
    throw new WaysideError('data_dir_unwritable', `${file} could not be replaced`, { cause: error });
  }
}

/** A file beside it, for the owner alone, which is on the disk. */
async function writeDraft(file: string, content: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

const KEY_BYTES = 32;

/**
 * A key of 32 random bytes, kept as base64url; made where it is not there yet.
 *
 * @throws WaysideError data_dir_damaged where the file holds something else, data_dir_unwritable
 */
export async function readOrCreateKey(file: string): Promise<Uint8Array> {
  const text = await readOrCreateSecret(file, () => `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.byteLength !== KEY_BYTES)
    throw new WaysideError('data_dir_damaged', `${file} holds no key of ${KEY_BYTES} bytes`);
  return key;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new WaysideError('data_dir_damaged', `${file} cannot be read`, { cause: error });
  }
}
