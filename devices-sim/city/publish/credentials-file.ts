import { readFile, writeFile } from 'node:fs/promises';
import { reasonOf } from '../../gateway-api.ts';
import { Unusable } from '../../unusable.ts';
import type { Credentials } from './registration.ts';

/** Reads `{"device id": "token"}`; an absent file is an empty one. Throws an Unusable that names the file if it can't be read or is of another form. */
export async function readCredentials(file: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw new Unusable(`${file} cannot be read: ${reasonOf(error)}`, error);
  }
  const mend = `${file} must be a JSON object of device ids and tokens, as --credentials writes it`;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Unusable(mend, error);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new Unusable(mend);
  return new Map(
    Object.entries(document).map(([id, token]) => {
      if (typeof token !== 'string') throw new Unusable(`${mend}: the token of ${id} is not a text`);
      return [id, token];
    }),
  );
}

/** Tokens are secrets: the file is for its owner alone. */
export async function writeCredentials(file: string, credentials: Credentials): Promise<void> {
  await writeFile(file, `${JSON.stringify(Object.fromEntries(credentials), null, 2)}\n`, { mode: 0o600 });
}
