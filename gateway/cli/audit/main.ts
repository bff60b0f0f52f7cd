import { existsSync } from 'node:fs';
import { runAuditCommand } from './command.ts';

if (existsSync('.env')) process.loadEnvFile('.env');

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

// Exit code by exitCode alone: what was written to a pipe must go out first.
process.exitCode = await runAuditCommand(process.argv.slice(2), {
  // npm starts scripts in the folder of package.json, and people name folders from where they are.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: process.env,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  now: Date.now,
  stopped: stopped.signal,
});
