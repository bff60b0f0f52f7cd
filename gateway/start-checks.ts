import { readFile } from 'node:fs/promises';
import { WaysideError } from './errors.ts';

/**
 * Waits for something that listens, and names the setting behind a port that can't be had.
 *
 * @param ports by setting, what it was asked to listen on
 * @throws WaysideError `port_in_use` or `bad_settings`
 */
export async function listening<T>(ports: Readonly<Record<string, number>>, start: Promise<T>): Promise<T> {
  try {
    return await start;
  } catch (error) {
    const { code, port: found, message } = error as NodeJS.ErrnoException & { readonly port?: number };
    if (code === 'BAD_TLS_FILES') throw badSetting('WAYSIDE_TLS_CERT', message, error);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw badSetting('WAYSIDE_HOST', 'is no address of this machine', error);
    }
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is in use';
    // The last of two that are the same: the first one had it already.
    const [setting, port] = Object.entries(ports).findLast(([, one]) => one === found) ?? ['', found];
    throw new WaysideError('port_in_use', `port ${port} (${setting}) ${why}`, { cause: error });
  }
}

/**
 * A file that pages are to draw must be there from the start, not be missed by whoever opens the map.
 *
 * @throws WaysideError `bad_settings`
 */
export async function checkMapOverlay(path: string): Promise<void> {
  try {
    JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw badSetting('WAYSIDE_MAP_OVERLAY', `"${path}" is no readable GeoJSON file`, error);
  }
}

function badSetting(name: string, message: string, cause: unknown): WaysideError {
  return new WaysideError('bad_settings', `${name}: ${message}`, {
    cause,
    problems: [{ path: name, message }],
  });
}
