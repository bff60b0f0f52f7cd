import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const CHUNKS = [1024 * 1024, 4096];

/** A file system of its own, small enough to be filled. */
export interface SmallDisk {
  /** Where it is, for a process that is started with `within`. */
  readonly dir: string;
  /** What to put before the command of a process, so that it sees the disk. */
  readonly within: readonly string[];
  /** Takes all space that is left. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
  readonly freeBytes: number;
  remove(): Promise<void>;
}

/** A user without rights gets them in a user namespace of its own. */
const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];

/** Why no small disk can be made here, or null. */
export const smallDiskMissing: string | null = whyNot();

function whyNot(): string | null {
  const tried = spawnSync('unshare', [...asRoot, '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]);
  if (tried.status === 0) return null;
  const why = tried.error?.message ?? String(tried.stderr).trim();
  return `no file system can be mounted, not even in a mount namespace: ${why}`;
}

/**
 * A tmpfs in a mount namespace, which a waiting process holds: nothing has to be unmounted, and nobody else sees it. It
 * outlives the processes that use it, as a disk does.
 */
export async function createSmallDisk(bytes: number): Promise<SmallDisk> {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-disk-'));
  const holder = spawn(
    'unshare',
    [
      ...asRoot,
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs -o size="$1",mode=700 tmpfs "$0" && echo && exec cat',
      dir,
      String(bytes),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error('the small disk could not be mounted'))),
  ]);
  const seenFromHere = `/proc/${holder.pid}/root${dir}`;
  const filler = join(seenFromHere, 'filler');
  const user = asRoot.length === 0 ? [] : ['--user', '--preserve-credentials'];
  return {
    dir,
    within: ['nsenter', `--target=${holder.pid}`, ...user, '--mount', '--'],
    fill() {
      const file = openSync(filler, 'a');
      for (const chunk of CHUNKS) while (takes(file, chunk));
      closeSync(file);
    },
    free: () => rmSync(filler, { force: true }),
    get freeBytes() {
      const { bavail, bsize } = statfsSync(seenFromHere);
      return bavail * bsize;
    },
    async remove() {
      const gone = once(holder, 'exit');
      holder.stdin.end();
      await gone;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function takes(file: number, bytes: number): boolean {
  try {
    writeSync(file, Buffer.alloc(bytes));
    fsyncSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
