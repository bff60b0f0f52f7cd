import { existsSync } from 'node:fs';
import { styleText } from 'node:util';
import { runRulesCommand } from './command.ts';

if (existsSync('.env')) process.loadEnvFile('.env');

// Exit code by exitCode alone: what was written to a pipe must go out first.
process.exitCode = await runRulesCommand(process.argv.slice(2), {
  // npm starts scripts in the folder of package.json, and people name folders from where they are.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  defaultUrl: `http://localhost:${process.env.WAYSIDE_HTTP_PORT ?? 8080}`,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  // Leaves the colours out where the output is no terminal, or NO_COLOR is set.
  paint: (style, text) => styleText(style, text, { stream: process.stdout }),
});
