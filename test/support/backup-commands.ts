import { spawn } from 'node:child_process';
import { once } from 'node:events';

const main = (command: 'backup' | 'restore') =>
  new URL(`../../gateway/cli/${command}/main.ts`, import.meta.url).pathname;

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `npm run backup` or `npm run restore`, without npm. @param env settings beside those of this process */
export async function runDataCommand(
  command: 'backup' | 'restore',
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('WAYSIDE_')),
  );
  const child = spawn(process.execPath, [main(command), ...args], {
    cwd: '/',
    env: { ...inherited, INIT_CWD: '/', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}
