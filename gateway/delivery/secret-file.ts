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
