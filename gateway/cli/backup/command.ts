import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { loadConfig } from '../../config.ts';
import { takeDataDir } from '../../data-dir.ts';
import { WaysideError } from '../../errors.ts';
import { type CommandIo, EXIT, runProgram, tellError, Unusable } from '../command-io.ts';
import { dataDirOf, dataDirOption, localGateway, tokenOption, urlOption } from '../gateway-options.ts';
import { megabytes, progressTeller } from '../progress.ts';
import type { BackupMade } from './backup-made.ts';
import { backUpRunning } from './running-gateway.ts';
import { backUpStopped } from './stopped-gateway.ts';

interface Options {
  readonly url?: string;
  readonly token?: string;
  readonly dataDir?: string;
  readonly json: boolean;
}

const MORE_HELP = `
Makes a copy that is whole and consistent, of a gateway that runs (through its HTTP API) or is stopped, and changes nothing there.
TARGET must not exist. What was acknowledged before the backup began is in it once; so are all keys and passwords: whoever can read
it can read everything, so keep it as you keep the data directory. Telemetry in an InfluxDB is backed up with InfluxDB's own tools.
Exit code: 0 done; 1 refused, with a code; 2 wrong options, no gateway or no data.

Examples:
  npm run backup -- /mnt/backups/2026-11-22
  npm run backup -- backup --data-dir /srv/wayside
  npm run --silent backup -- /mnt/backups/today --url http://localhost:8080 --token ... --json`;

/** Makes a backup and gives the exit code. @param args without node and script */
export async function runBackupCommand(args: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = EXIT.fine;
  const program = new Command()
    .name('npm run backup --')
    .description('Backs up everything that a gateway keeps in its data directory.')
    .argument('<target>', 'directory that is to be made')
    .addOption(urlOption('the gateway (default: the one that uses the data directory)'))
    .addOption(tokenOption('bearer token of an admin'))
    .addOption(dataDirOption())
    .option('--json', 'what was made as one JSON document', false)
    .addHelpText('after', MORE_HELP)
    .action(async (target: string, options: Options) => {
      exitCode = await backUp(target, options, io);
    });
  return runProgram(program, args, io, () => exitCode);
}

async function backUp(target: string, options: Options, io: CommandIo): Promise<number> {
  try {
    const path = resolve(io.cwd, target);
    if (existsSync(path)) throw new WaysideError('backup_exists', path);
    const made = await madeAt(path, options, io);
    if (options.json) io.out(JSON.stringify(made, null, 2));
    else {
      io.out(`${made.path}: ${made.files} files, ${megabytes(made.bytes)}`);
      if (made.telemetry === 'influxdb')
        io.out('Telemetry is in InfluxDB, and not in this backup: back it up with its own tools.');
    }
    return EXIT.fine;
  } catch (error) {
    return tellError(error, options.json, io);
  }
}

async function madeAt(path: string, options: Options, io: CommandIo): Promise<BackupMade> {
  const told = progressTeller('backing up', io.now, io.err);
  const running = (url: string) => backUpRunning({ url, token: options.token ?? null, target: path }, told);
  if (options.url !== undefined) return running(options.url);
  const dir = dataDirOf(options.dataDir, io);
  if (!existsSync(join(dir, 'wayside.db')))
    throw new Unusable(
      `there is no gateway's data in ${dir}; --data-dir or WAYSIDE_DATA_DIR says where it is`,
    );
  const dataDir = await takeDataDir(dir).catch((error: unknown) => {
    if (error instanceof WaysideError && error.code === 'data_dir_in_use') return null;
    throw error;
  });
  if (dataDir === null) return running(localGateway(io.env));
  try {
    const { influx } = loadConfig(io.env);
    return await backUpStopped(dataDir.files, influx === null ? 'duckdb' : 'influxdb', path, io.now, told);
  } finally {
    dataDir.release();
  }
}
