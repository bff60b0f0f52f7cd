import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Restored, restoreBackup } from '../../backup/restore.ts';
import { MIGRATION_NAMES } from '../../records/migrate.ts';
import { type CommandIo, EXIT, runProgram, tellError } from '../command-io.ts';
import { dataDirOf, dataDirOption } from '../gateway-options.ts';
import { megabytes, progressTeller } from '../progress.ts';

interface Options {
  readonly dataDir?: string;
  readonly replace: boolean;
  readonly erasuresFrom?: string;
  readonly json: boolean;
}

const MORE_HELP = `
The gateway must be stopped. All of the backup is checked first; what is in the data directory stays until all of the backup is
beside it, and is then deleted (--replace). Devices and people who were erased since the backup was made are erased again at the
next start, before anybody is served, and consents that were withdrawn since stay withdrawn: the data directory tells of both, and
so does another one with --erasures-from, as where you restore into a new directory. Offers and commands that waited in the backup
are not sent; everybody signs in again.
Exit code: 0 done; 1 refused, with a code, and nothing was changed; 2 wrong options.

Examples:
  npm run restore -- /mnt/backups/2026-11-22 --replace
  npm run restore -- /mnt/backups/2026-11-22 --data-dir /srv/new --erasures-from /srv/wayside`;

/** Restores a backup and gives the exit code. @param args without node and script */
export async function runRestoreCommand(args: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = EXIT.fine;
  const program = new Command()
    .name('npm run restore --')
    .description('Puts a backup in the place of a data directory.')
    .argument('<backup>', 'directory that npm run backup made')
    .addOption(dataDirOption())
    .option('--replace', 'delete what is in the data directory', false)
    .option('--erasures-from <dir>', 'another data directory in which people were erased since')
    .option('--json', 'what was restored as one JSON document', false)
    .addHelpText('after', MORE_HELP)
    .action(async (backup: string, options: Options) => {
      exitCode = await restore(backup, options, io);
    });
  return runProgram(program, args, io, () => exitCode);
}

async function restore(backup: string, options: Options, io: CommandIo): Promise<number> {
  try {
    const dir = dataDirOf(options.dataDir, io);
    const told = progressTeller('restoring', io.now, io.err);
    const { manifest, ...known } = await restoreBackup(
      {
        backup: resolve(io.cwd, backup),
        dataDir: dir,
        replace: options.replace,
        erasuresFrom: options.erasuresFrom === undefined ? null : resolve(io.cwd, options.erasuresFrom),
        knownMigrations: MIGRATION_NAMES,
        now: io.now(),
      },
      ({ doneBytes, totalBytes }) => told(doneBytes, totalBytes),
    );
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const { createdAt, telemetry } = manifest;
    if (options.json)
      io.out(
        JSON.stringify(
          { dataDir: dir, createdAt, files: manifest.files.length, bytes, ...known, telemetry },
          null,
          2,
        ),
      );
    else {
      io.out(`${dir}: restored as of ${new Date(createdAt).toISOString()}, ${megabytes(bytes)}`);
      if (known.erasures > 0)
        io.out(
          `Its ledger has ${known.erasures === 1 ? '1 erasure' : `${known.erasures} erasures`}, made again by the next start where need be.`,
        );
    }
    for (const warning of warningsOf(known)) io.err(`warning: ${warning}`);
    return EXIT.fine;
  } catch (error) {
    return tellError(error, options.json, io);
  }
}

/** What the restored gateway can't know of the time since the backup. */
function warningsOf({ erasuresSince, withdrawn }: Omit<Restored, 'manifest'>): readonly string[] {
  return [
    ...(erasuresSince === null
      ? [
          'nothing here tells who was erased since the backup: devices and people who were are back. Restore again with --replace and --erasures-from, and name the data directory in which they were erased, or a copy of its erasures.jsonl and erasure-key',
        ]
      : []),
    ...(withdrawn === null
      ? [
          'the records since the backup are not here or could not be read: consents that were withdrawn since are in force again',
        ]
      : []),
  ];
}
