import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MODULE = new URL('../../gateway/idle-memory.ts', import.meta.url).href;
const WITHIN_MS = 40_000;

/** Grows a heap with what is garbage then, and says how large it was and how large it is when it has shrunk, or in the end. */
const BURST = `
  import { getHeapStatistics } from 'node:v8';
  const { giveMemoryBack } = await import(${JSON.stringify(MODULE)});
  giveMemoryBack(500);
  let kept = Array.from({ length: 3e6 }, (_, n) => ({ n }));
  const before = getHeapStatistics().total_heap_size;
  kept = null;
  const deadline = performance.now() + ${WITHIN_MS};
  const look = setInterval(() => {
    const after = getHeapStatistics().total_heap_size;
    if (after > before / 2 && performance.now() < deadline) return;
    clearInterval(look);
    console.log(JSON.stringify({ before, after }));
  }, 100);
`;

it('a heap that is quiet behind a burst gives its memory back', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', BURST]);
  const { before, after } = JSON.parse(stdout);
  expect(before).toBeGreaterThan(100 * 2 ** 20);
  expect(after).toBeLessThan(before / 2);
});
