import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSharedLock } from '../../../gateway/telemetry/shared-lock.ts';

describe('a shared lock', () => {
  it('lets nobody in beside one who has it alone, and everybody through in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.boolean(), { maxLength: 12 }),
        async (scheduler, asked) => {
          const lock = createSharedLock();
          let sharing = 0;
          let alone = 0;
          const order: number[] = [];
          const all = asked.map((exclusive, index) =>
            exclusive
              ? lock.exclusive(async () => {
                  alone += 1;
                  expect([sharing, alone]).toEqual([0, 1]);
                  await scheduler.schedule(Promise.resolve());
                  expect([sharing, alone]).toEqual([0, 1]);
                  alone -= 1;
                  order.push(index);
                })
              : lock.shared(async () => {
                  sharing += 1;
                  expect(alone).toBe(0);
                  await scheduler.schedule(Promise.resolve());
                  expect(alone).toBe(0);
                  sharing -= 1;
                }),
          );
          await scheduler.waitFor(Promise.all(all));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        },
      ),
    );
  });

  it('goes on after work that failed', async () => {
    const lock = createSharedLock();
    const fail = async () => {
      throw new Error('no');
    };
    await expect(lock.shared(fail)).rejects.toThrow('no');
    await expect(lock.exclusive(fail)).rejects.toThrow('no');
    expect(await lock.exclusive(async () => 1)).toBe(1);
    expect(await lock.shared(async () => 2)).toBe(2);
  });
});
