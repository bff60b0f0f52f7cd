import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** PEM files of a listener; those of certificate authorities only where clients may show certificates. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string | null;
}

/** Files that can't be read or don't belong together. The message names them, and nothing that is in them. */
export class TlsFilesError extends Error {
  readonly code = 'BAD_TLS_FILES';
}

/**
 * Reads the files and makes sure that they can be used.
 *
 * @throws TlsFilesError
 */
export async function readTlsFiles({ certFile, keyFile, caFile }: TlsFiles): Promise<SecureContextOptions> {
  const read = (file: string) =>
    readFile(file).catch((cause: NodeJS.ErrnoException) => {
      throw new TlsFilesError(`"${file}" cannot be read: ${cause.code}`, { cause });
    });
  const options: SecureContextOptions = {
    cert: await read(certFile),
    key: await read(keyFile),
    ...(caFile !== null && { ca: await read(caFile) }),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'not understood';
    const files = [certFile, keyFile, ...(caFile === null ? [] : [caFile])];
    throw new TlsFilesError(`${files.map((file) => `"${file}"`).join(', ')}: ${why}`, { cause });
  }
  return options;
}

/** What changes when one of the files does, also where it is a link that is put elsewhere, as Kubernetes does. */
export async function stampOf({ certFile, keyFile, caFile }: TlsFiles): Promise<string> {
  const files = [certFile, keyFile, ...(caFile === null ? [] : [caFile])];
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ ino, mtimeMs, size }) => `${ino}:${mtimeMs}:${size}`,
        (error: NodeJS.ErrnoException) => error.code ?? 'unreadable',
      ),
    ),
  );
  return stamps.join(' ');
}
