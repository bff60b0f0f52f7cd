import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const { O_NOFOLLOW, O_RDONLY } = constants;
const CHUNK_BYTES = 1024 * 1024;

export interface Copied {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * Copies a file to a new one that its owner alone may read, and syncs it. Links are not followed: what they lead to is no part of a
 * backup.
 *
 * @param told called with the bytes of each part
 */
export async function copyFile(from: string, to: string, told: (bytes: number) => void): Promise<Copied> {
  const target = await open(to, 'wx', 0o600);
  try {
    const copied = await readThrough(from, told, (part) => target.writeFile(part));
    await target.sync();
    return copied;
  } finally {
    await target.close();
  }
}

/** Reads a file for its size and digest alone. */
export function digestFile(file: string, told: (bytes: number) => void): Promise<Copied> {
  return readThrough(file, told, async () => undefined);
}

async function readThrough(
  file: string,
  told: (bytes: number) => void,
  take: (part: Uint8Array) => Promise<void>,
): Promise<Copied> {
  const source = await open(file, O_RDONLY | O_NOFOLLOW);
  try {
    return await readAll(source, told, take);
  } finally {
    await source.close();
  }
}

async function readAll(
  source: FileHandle,
  told: (bytes: number) => void,
  take: (part: Uint8Array) => Promise<void>,
): Promise<Copied> {
  const digest = createHash('sha256');
  const buffer = new Uint8Array(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES);
    if (bytesRead === 0) return { bytes, sha256: digest.digest('hex') };
    const part = buffer.subarray(0, bytesRead);
    digest.update(part);
    await take(part);
    bytes += bytesRead;
    told(bytesRead);
  }
}
