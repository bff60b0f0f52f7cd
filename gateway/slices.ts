import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Works through a list in parts, and lets everybody else come to their turn in between.
 *
 * @param size items of a part: some milliseconds of work, for which whatever shares the thread waits
 */
export async function inSlices<T>(
  items: readonly T[],
  size: number,
  work: (slice: readonly T[]) => Promise<void> | void,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) await nextTurn();
    await work(items.slice(start, start + size));
  }
}
