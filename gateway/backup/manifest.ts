import { hash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WaysideError } from '../errors.ts';
import { mayBeRestored } from './data-files.ts';

export const MANIFEST_NAME = 'manifest.json';
/** Raised when an older version could not restore what is written. */
const FORMAT = 1;
/** Many times the size of one with a hundred files. */
const MOST_BYTES = 1024 * 1024;

export interface BackedUpFile {
  /** Name within the backup and within the data directory. */
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What a backup consists of. */
export interface Manifest {
  readonly format: number;
  /** Real time at which it was begun, epoch ms. All that was acknowledged before is in it. */
  readonly createdAt: number;
  /** Changes of the records' form, by which a version knows whether it can read them. */
  readonly migrations: readonly string[];
  /** Where the gateway kept telemetry. Of an InfluxDB nothing is in a backup. */
  readonly telemetry: 'duckdb' | 'influxdb';
  readonly files: readonly BackedUpFile[];
}

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/;
const SHA256 = /^[0-9a-f]{64}$/;

export function newManifest(content: Omit<Manifest, 'format'>): Manifest {
  return { format: FORMAT, ...content };
}

/** Writes it, with a digest of itself: a byte that changes anywhere in a backup is found. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const handle = await open(join(directory, MANIFEST_NAME), 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ ...manifest, digest: digestOf(manifest) }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * @param knownMigrations those of this version
 * @throws WaysideError `backup_damaged` where there is none, or it is not as it was written; `backup_newer`
 */
export async function readManifest(directory: string, knownMigrations: readonly string[]): Promise<Manifest> {
  const found = parse(directory, await textOf(directory));
  // A later format may look different in every other way.
  if (typeof found.format === 'number' && found.format > FORMAT)
    throw new WaysideError('backup_newer', `it has format ${found.format}, this version knows ${FORMAT}`);
  const { digest, ...content } = found;
  if (!isManifest(content) || digest !== digestOf(content)) throw damaged('is not as it was written');
  const unknown = content.migrations.filter((name) => !knownMigrations.includes(name));
  if (unknown.length > 0)
    throw new WaysideError(
      'backup_newer',
      `its records hold changes that are not known: ${unknown.join(', ')}`,
    );
  return content;
}

async function textOf(directory: string): Promise<string> {
  const path = join(directory, MANIFEST_NAME);
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= MOST_BYTES) return text;
  } catch (cause) {
    throw new WaysideError('backup_damaged', `${path} can not be read: that is no backup, or not all of it`, {
      cause,
    });
  }
  throw damaged('is too large');
}

function parse(directory: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null && !Array.isArray(found))
      return found as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new WaysideError('backup_damaged', `${MANIFEST_NAME} in ${directory} is no JSON`, { cause });
  }
  throw damaged('is no JSON object');
}

function isManifest(
  found: Readonly<Record<string, unknown>>,
): found is Readonly<Record<string, unknown>> & Manifest {
  const { format, createdAt, migrations, telemetry, files } = found;
  return (
    format === FORMAT &&
    Number.isSafeInteger(createdAt) &&
    Array.isArray(migrations) &&
    migrations.every((name) => typeof name === 'string') &&
    (telemetry === 'duckdb' || telemetry === 'influxdb') &&
    Array.isArray(files) &&
    files.every(isFile) &&
    new Set(files.map(({ name }) => name)).size === files.length
  );
}

/** A name leads nowhere else: it has no slash and begins with no dot. */
function isFile(found: unknown): found is BackedUpFile {
  const { name, bytes, sha256 } = (found ?? {}) as Partial<BackedUpFile>;
  return (
    typeof name === 'string' &&
    FILE_NAME.test(name) &&
    name !== MANIFEST_NAME &&
    mayBeRestored(name) &&
    Number.isSafeInteger(bytes) &&
    typeof sha256 === 'string' &&
    SHA256.test(sha256)
  );
}

function digestOf(content: object): string {
  return hash('sha256', JSON.stringify(content), 'hex');
}

function damaged(what: string): WaysideError {
  return new WaysideError('backup_damaged', `${MANIFEST_NAME} ${what}`);
}
