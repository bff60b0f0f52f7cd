import { readFile } from 'node:fs/promises';
import type { Expected } from './apply-call.ts';

/**
 * The rules as they were when `diff --json` was asked.
 *
 * @throws Error saying what is wrong with the file
 */
export async function readExpected(path: string): Promise<Expected> {
  const plan: unknown = JSON.parse(await readFile(path, 'utf8'));
  const expected = typeof plan === 'object' && plan !== null && 'expected' in plan ? plan.expected : null;
  if (typeof expected !== 'object' || expected === null)
    throw new Error(`${path} holds no "expected": it must be what diff --json told`);
  return expected as Expected;
}
