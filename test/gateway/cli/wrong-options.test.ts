import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

/** Commands that take options, as `npm run` starts them: those of package.json that are a file and nothing else. */
const scripts: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('package.json', ROOT), 'utf8'),
).scripts;
const commands = Object.entries(scripts).flatMap(([name, script]) => {
  const file = /^node (\S+\/main\.ts)$/.exec(script)?.[1];
  return file === undefined ? [] : [[name, file] as const];
});

async function ran(file: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [new URL(file, ROOT).pathname, ...args], { cwd: ROOT });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      told += chunk;
    });
  const [code] = await once(child, 'close');
  return { code, told };
}

describe('a command that is called wrongly', () => {
  it('is looked for among all that there are', () => {
    const names = commands.map(([name]) => name);
    expect(names.sort()).toEqual(['audit', 'backtest', 'backup', 'bench', 'fuzz', 'restore', 'rules', 'sim']);
  });

  it.each(commands)('%s ends with 2, says so, and where to look', async (_, file) => {
    const { code, told } = await ran(file, '--no-such-option');
    expect(told).toContain("error: unknown option '--no-such-option'");
    expect(told).toContain('add --help for the options');
    expect(code).toBe(2);
  });

  it.each(commands)('%s ends with 0 where help is asked for', async (_, file) => {
    const { code, told } = await ran(file, '--help');
    expect(told).toContain('Usage: ');
    expect(code).toBe(0);
  });

  it('bench ends with 2 for a benchmark that there is not, fuzz for a number that is none', async () => {
    expect(await ran('test/bench/main.ts', 'nonsense')).toMatchObject({ code: 2 });
    expect(await ran('test/fuzz/main.ts', '--packets', 'many')).toMatchObject({ code: 2 });
  });
});
