import { existsSync } from 'node:fs';
import { runBackupCommand } from './command.ts';

// A backup holds all that its gateway keeps, keys among it.
process.umask(0o077);
if (existsSync('.env')) process.loadEnvFile('.env');

// Exit code by exitCode alone: what was written to a pipe must go out first.
process.exitCode = await runBackupCommand(process.argv.slice(2), {
  // npm starts scripts in the folder of package.json, and people name folders from where they are.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: process.env,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  now: Date.now,
});
