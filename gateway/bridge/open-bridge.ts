import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BridgeSettings } from '../config.ts';
import { WaysideError } from '../errors.ts';
import { readOrCreateSecret } from '../secret-file.ts';
import { type Bridge, type BridgePorts, createBridge } from './bridge.ts';

/** Half of what is left of 23 characters beside "wayside". */
const ID_BYTES = 8;

/**
 * Reads what the bridge needs from files, and makes it; it connects to nothing yet.
 *
 * @param dir the data directory: it keeps the id under which the external broker knows this gateway again
 * @returns null where no external broker is set
 * @throws WaysideError `bad_settings` where the file of WAYSIDE_BRIDGE_CA can't be read
 */
export async function openBridge(
  settings: BridgeSettings | null,
  dir: string,
  ports: Omit<BridgePorts, 'settings' | 'id'>,
): Promise<Bridge | null> {
  if (settings === null) return null;
  const { caFile, ...rest } = settings;
  const id = await readOrCreateSecret(join(dir, 'bridge-id'), () => randomBytes(ID_BYTES).toString('hex'));
  return createBridge({ ...ports, id, settings: { ...rest, ca: await readCa(caFile) } });
}

async function readCa(file: string | null): Promise<string | null> {
  if (file === null) return null;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const problem = { path: 'WAYSIDE_BRIDGE_CA', message: `"${file}" cannot be read` };
    throw new WaysideError('bad_settings', `${problem.path}: ${problem.message}`, {
      cause: error,
      problems: [problem],
    });
  }
}
