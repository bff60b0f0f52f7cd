import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { WaysideError } from '../errors.ts';
import { startWorker } from '../worker-rpc.ts';
import type { CopyCalls } from './copy-thread.ts';
import { BACKUPS_DIR } from './data-files.ts';
import { type BackupProgress, type BackupSource, makeBackup, PARTIAL } from './make-backup.ts';
import type { Manifest } from './manifest.ts';

/** How a backup stands, as the API tells it. */
export interface BackupReport {
  /** Of its folder in `backups` of the data directory. */
  readonly name: string;
  readonly path: string;
  readonly state: 'running' | 'done' | 'failed';
  /** Real time, epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly error?: { readonly code: string; readonly detail: string };
}

/** Backups of a gateway that runs: one at a time. */
export interface Backups {
  /** Takes off the disk what a crash left of one that was being made: nobody who is erased stays in it. */
  start(): Promise<void>;
  /** @throws WaysideError `backup_running` */
  begin(): BackupReport;
  /** Those of this run that are still there, newest first, and those that an earlier run left. */
  list(): Promise<readonly BackupReport[]>;
  /** @throws WaysideError `not_found` */
  report(name: string): Promise<BackupReport>;
  /** Resolves when it has ended, or after that time. @throws WaysideError `not_found` */
  wait(name: string, withinMs: number): Promise<BackupReport>;
  /** Takes it off the disk. @throws WaysideError `not_found`, `backup_running` */
  remove(name: string): Promise<void>;
  /** Resolves when none runs; what ran is given up. */
  stop(): Promise<void>;
}

export interface BackupsParts {
  /** All but how SQLite files are copied: in a thread of their own. */
  readonly source: Omit<BackupSource, 'copySqlite'>;
  readonly log: Logger;
}

interface Job {
  report: BackupReport;
  readonly ended: Promise<void>;
}

export function createBackups({ source, log }: BackupsParts): Backups {
  const directory = join(source.files.dir, BACKUPS_DIR);
  const jobs = new Map<string, Job>();
  let running: Job | null = null;
  const stopped = Promise.withResolvers<never>();
  // Each step has an end of its own; this is for who waits for it.
  stopped.promise.catch(() => undefined);

  async function run(job: Job, name: string): Promise<void> {
    const thread = startWorker<CopyCalls, object>(
      new URL('./copy-thread.ts', import.meta.url),
      null,
      {},
      // The call that waits rejects with it.
      () => undefined,
    );
    const progressed = (progress: BackupProgress) => {
      job.report = { ...job.report, ...progress };
    };
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const manifest: Manifest = await makeBackup(
        {
          ...source,
          copySqlite: (file, copy) => Promise.race([thread.call.copySqlite(file, copy), stopped.promise]),
          copyTelemetry: (copy) => Promise.race([source.copyTelemetry(copy), stopped.promise]),
        },
        join(directory, name),
        progressed,
      );
      const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
      end(job, { state: 'done', doneBytes: bytes, totalBytes: bytes });
      log.info({ backup: name, bytes }, 'a backup was made');
    } catch (error) {
      const { code, detail } =
        error instanceof WaysideError
          ? error
          : { code: 'internal', detail: error instanceof Error ? error.message : String(error) };
      end(job, { state: 'failed', error: { code, detail } });
      log.error({ backup: name, err: error }, 'a backup failed');
    } finally {
      await thread.terminate();
    }
  }

  function end(job: Job, outcome: Partial<BackupReport>): void {
    job.report = { ...job.report, ...outcome, endedAt: source.now() };
    running = null;
  }

  async function folders(): Promise<readonly string[]> {
    const entries = await readdir(directory, { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        // The first one makes it.
        if (error.code === 'ENOENT') return [];
        throw error;
      },
    );
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  const earlier = (name: string): BackupReport => ({
    name,
    path: join(directory, name),
    state: 'done',
    startedAt: startOf(name),
    endedAt: null,
    doneBytes: 0,
    totalBytes: 0,
  });

  async function list(): Promise<readonly BackupReport[]> {
    const names = (await folders()).filter(isName);
    // One that was moved away since is no news any more.
    for (const [name, { report }] of jobs)
      if (report.state === 'done' && !names.includes(name)) jobs.delete(name);
    const ofEarlier = names.filter((name) => !jobs.has(name)).map(earlier);
    return [...[...jobs.values()].map(({ report }) => report), ...ofEarlier].toSorted(
      (a, b) => b.startedAt - a.startedAt,
    );
  }

  async function report(name: string): Promise<BackupReport> {
    const found = jobs.get(name)?.report ?? (await list()).find((one) => one.name === name);
    if (found === undefined) throw new WaysideError('not_found', `there is no backup "${name}"`);
    return found;
  }

  return {
    async start() {
      for (const name of await folders())
        if (name.endsWith(PARTIAL)) await rm(join(directory, name), { recursive: true, force: true });
    },
    begin() {
      if (running !== null) throw new WaysideError('backup_running', running.report.name);
      const startedAt = source.now();
      const name = nameAt(startedAt);
      // Of those before, the folders tell.
      for (const [other, job] of jobs) if (job.report.state === 'failed') jobs.delete(other);
      const done = Promise.withResolvers<void>();
      const job: Job = {
        report: {
          name,
          path: join(directory, name),
          state: 'running',
          startedAt,
          endedAt: null,
          doneBytes: 0,
          totalBytes: 0,
        },
        ended: done.promise,
      };
      running = job;
      jobs.set(name, job);
      void run(job, name).then(done.resolve, done.reject);
      return job.report;
    },
    list,
    report,
    async wait(name, withinMs) {
      const job = jobs.get(name);
      if (job !== undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, withinMs);
        await Promise.race([job.ended, promise]);
        clearTimeout(timer);
      }
      return report(name);
    },
    async remove(name) {
      const { state, path } = await report(name);
      if (state === 'running') throw new WaysideError('backup_running', name);
      jobs.delete(name);
      await rm(path, { recursive: true, force: true });
    },
    async stop() {
      stopped.reject(new WaysideError('stopping', 'the backup was given up'));
      await running?.ended;
    },
  };
}

/** `2026-11-22T07-20-31-412Z`: a time that every file system takes as a name. */
function nameAt(time: number): string {
  return new Date(time).toISOString().replaceAll(/[:.]/g, '-');
}

function isName(name: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/.test(name);
}

function startOf(name: string): number {
  return Date.parse(name.replace(/T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z$/, 'T$1:$2:$3.$4Z'));
}
