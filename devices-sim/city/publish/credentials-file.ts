import { readFile, writeFile } from 'node:fs/promises';
import type { Credentials } from './registration.ts';

/** Reads `{"device id": "token"}`; an absent file is an empty one. Throws an Error that names the file if it is of another form. */
export async function readCredentials(file: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw error;
  }
  const mend = `${file} must be a JSON object of device ids and tokens, as --credentials writes it`;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error(mend, { cause: error });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new Error(mend);
  return new Map(
    Object.entries(document).map(([id, token]) => {
      if (typeof token !== 'string') throw new Error(`${mend}: the token of ${id} is not a text`);
      return [id, token];
    }),
  );
}

/** Tokens are secrets: the file is for its owner alone. */
export async function writeCredentials(file: string, credentials: Credentials): Promise<void> {
  await writeFile(file, `${JSON.stringify(Object.fromEntries(credentials), null, 2)}\n`, { mode: 0o600 });
}
