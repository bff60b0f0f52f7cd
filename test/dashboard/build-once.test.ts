import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildOnce } from '../../dashboard/build-once.ts';

const MODULE = new URL('../../dashboard/build-once.ts', import.meta.url).href;

/** Says where it is, one word a line, and builds on when it is told to. */
const PROCESS = `
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildOnce } from ${JSON.stringify(MODULE)};
const [root] = process.argv.slice(2);
const isNew = await buildOnce({
  folder: join(root, 'dist'),
  workshop: join(root, 'workshop'),
  sourceHash: () => readFile(join(root, 'source'), 'utf8'),
  build: async (into) => {
    await writeFile(join(into, 'first'), await readFile(join(root, 'source'), 'utf8'));
    await appendFile(join(root, 'builds'), 'x');
    console.log('building');
    await once(process.stdin, 'data');
    await writeFile(join(into, 'second'), await readFile(join(root, 'source'), 'utf8'));
  },
  onWait: () => console.log('waiting'),
});
console.log(isNew ? 'built' : 'found');
process.stdin.destroy();
`;

interface Started {
  readonly child: ChildProcess;
  /** The next word that it says. */
  said(): Promise<string>;
  go(): void;
}

describe('building a folder once', () => {
  let root: string;
  let started: Started[];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'wayside-build-'));
    started = [];
    await writeFile(join(root, 'process.ts'), PROCESS);
    await source('one');
  });
  afterEach(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await rm(root, { recursive: true, force: true });
  });

  const source = (text: string) => writeFile(join(root, 'source'), text);
  const read = (path: string) => readFile(join(root, path), 'utf8');
  const isWhole = async (text: string) => {
    expect((await readdir(join(root, 'dist'))).sort()).toEqual(['.built-from', 'first', 'second']);
    for (const file of ['.built-from', 'first', 'second']) expect(await read(`dist/${file}`)).toBe(text);
    expect(await readdir(join(root, 'workshop'))).toEqual(['lock.db']);
  };

  function start(): Started {
    const child = spawn(process.execPath, [join(root, 'process.ts'), root], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const words = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const one: Started = {
      child,
      said: async () => (await words.next()).value ?? 'nothing more',
      go: () => child.stdin.write('\n'),
    };
    started.push(one);
    return one;
  }

  it('is done by one of two processes that start at once; the other waits, and finds it', async () => {
    const first = start();
    expect(await first.said()).toBe('building');
    const second = start();
    expect(await second.said()).toBe('waiting');
    first.go();
    expect(await first.said()).toBe('built');
    expect(await second.said()).toBe('found');
    await isWhole('one');
    expect(await read('builds')).toBe('x');
    const third = start();
    expect(await third.said()).toBe('found');
  });

  it('is done by the next where the one that builds is killed', async () => {
    const first = start();
    expect(await first.said()).toBe('building');
    const second = start();
    expect(await second.said()).toBe('waiting');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(await second.said()).toBe('building');
    second.go();
    expect(await second.said()).toBe('built');
    await isWhole('one');
  });

  it('leaves what was there whole until the new one is, and takes sources that changed while it waited', async () => {
    const first = start();
    await first.said();
    first.go();
    expect(await first.said()).toBe('built');
    await source('two');
    const second = start();
    expect(await second.said()).toBe('building');
    expect(await read('dist/second')).toBe('one');
    const third = start();
    expect(await third.said()).toBe('waiting');
    await source('three');
    second.child.kill('SIGKILL');
    expect(await third.said()).toBe('building');
    expect(await read('dist/second')).toBe('one');
    third.go();
    expect(await third.said()).toBe('built');
    await isWhole('three');
  });

  it('is put back first where one was killed between taking the old one away and putting the new one there', async () => {
    const first = start();
    await first.said();
    first.go();
    expect(await first.said()).toBe('built');
    const interrupt = () => rename(join(root, 'dist'), join(root, 'workshop/last'));
    await interrupt();
    expect(await start().said()).toBe('found');
    await isWhole('one');
    await interrupt();
    await source('two');
    const second = start();
    expect(await second.said()).toBe('building');
    second.child.kill('SIGKILL');
    await once(second.child, 'exit');
    expect(await read('dist/second')).toBe('one');
    const third = start();
    await third.said();
    third.go();
    expect(await third.said()).toBe('built');
    await isWhole('two');
  });

  it('is not put back where what was taken away is not whole', async () => {
    await mkdir(join(root, 'workshop/last'), { recursive: true });
    await writeFile(join(root, 'workshop/last/first'), 'half');
    const one = start();
    expect(await one.said()).toBe('building');
    await expect(readdir(join(root, 'dist'))).rejects.toThrow('ENOENT');
    one.go();
    expect(await one.said()).toBe('built');
    await isWhole('one');
  });

  it('leaves what was there where the build fails, and gives the lock back', async () => {
    await mkdir(join(root, 'dist'));
    await writeFile(join(root, 'dist/page'), 'old');
    const building = (build: (into: string) => Promise<void>) =>
      buildOnce({
        folder: join(root, 'dist'),
        workshop: join(root, 'workshop'),
        sourceHash: () => read('source'),
        build,
        onWait: () => expect.fail('nobody else builds'),
      });
    await expect(
      building(async () => {
        throw new Error('a mistake in a page');
      }),
    ).rejects.toThrow('a mistake in a page');
    expect(await read('dist/page')).toBe('old');
    expect(await building((into) => writeFile(join(into, 'page'), 'new'))).toBe(true);
    expect(await read('dist/page')).toBe('new');
  });
});
