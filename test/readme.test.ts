import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { settingNames } from '../gateway/config.ts';

const ROOT = resolve(import.meta.dirname, '..');
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));

describe('the README', () => {
  it('names every setting, and no other', () => {
    const named = new Set(readme.match(/WAYSIDE_[A-Z_]+/g));
    expect([...named].sort()).toEqual([...settingNames()].sort());
  });

  it('names only scripts that exist', () => {
    const named = [...readme.matchAll(/npm (?:run )?(?!ci\b)([a-z]+)/g)].flatMap((match) => match[1] ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => scripts[name] === undefined && name !== 'run')).toEqual([]);
  });

  const subcommands = [...readme.matchAll(/npm run sim -- ([a-z-]+) --help/g)].flatMap(
    (match) => match[1] ?? [],
  );
  it.each(subcommands)('npm run sim -- %s --help explains itself', async (name) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['devices-sim/main.ts', name, '--help'], {
      cwd: ROOT,
    });
    expect(stdout).toContain(`npm run sim -- ${name}`);
  });

  it.each(['.', 'broker', 'gateway'])('links in %s lead to what is there', async (folder) => {
    const text = await readFile(join(ROOT, folder, 'README.md'), 'utf8');
    const links = [...text.matchAll(/\]\(((?!http)[^)#]+)(?:#[^)]*)?\)/g)].flatMap((match) => match[1] ?? []);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) await expect(readFile(join(ROOT, folder, link)), link).resolves.toBeDefined();
  });
});
