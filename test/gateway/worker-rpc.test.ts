import { expect, it } from 'vitest';
import { startWorker } from '../../gateway/worker-rpc.ts';
import type { DyingWorker } from './dying-worker.ts';

const FILE = new URL('./dying-worker.ts', import.meta.url);

it('a thread that dies is told once, and leaves nobody waiting for an answer', async () => {
  const failures: string[] = [];
  const { call, terminate } = startWorker<DyingWorker, object>(FILE, null, {}, (error) =>
    failures.push(error.message),
  );
  expect(await call.echo('a')).toBe('a');
  await expect(Promise.all([call.die(), call.echo('b').then(() => call.die())])).rejects.toThrow('broken');
  await expect(call.echo('c')).rejects.toThrow('closed');
  expect(failures).toEqual(['broken']);
  await terminate();
});

it('a thread that is ended on purpose is no failure', async () => {
  const failures: string[] = [];
  const { call, terminate } = startWorker<DyingWorker, object>(FILE, null, {}, (error) =>
    failures.push(error.message),
  );
  await call.echo('a');
  await terminate();
  expect(failures).toEqual([]);
});
