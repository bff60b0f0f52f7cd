import { expect, it } from 'vitest';
import { Turns } from '../../../gateway/downlink/turns.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('does what has the same key in order, also behind what failed, and other things beside it', async () => {
  const turns = new Turns();
  const said: string[] = [];
  const first = Promise.withResolvers<void>();
  const failed = turns.take('a', () => first.promise);
  const second = turns.take('a', async () => {
    said.push('second');
  });
  const other = turns.take('b', async () => {
    said.push('other');
  });
  await other;
  await turn();
  expect(said).toEqual(['other']);
  first.reject(new Error('no'));
  await expect(failed).rejects.toThrow('no');
  await second;
  await turns.settled();
  expect(said).toEqual(['other', 'second']);
});
