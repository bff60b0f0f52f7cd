import { existsSync } from 'node:fs';
import type { CommandIo } from './command-io.ts';

/** Runs a command as this process. @param run is given the arguments without node and script, and gives the exit code */
export async function runMain(
  run: (args: readonly string[], io: CommandIo) => Promise<number>,
): Promise<void> {
  // What commands write tells where people are, and holds keys.
  process.umask(0o077);
  if (existsSync('.env')) process.loadEnvFile('.env');
  // Exit code by exitCode alone: what was written to a pipe must go out first.
  process.exitCode = await run(process.argv.slice(2), {
    // npm starts scripts in the folder of package.json, and people name files from where they are.
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: process.env,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    now: Date.now,
  });
}

/** Set off by the first Ctrl-C, upon which the command ends in order; a second one ends the process. */
export function stopSignal(): AbortSignal {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  return stopped.signal;
}
