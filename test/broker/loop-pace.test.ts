import { describe, expect, it } from 'vitest';
import { LoopPace } from '../../broker/loop-pace.ts';

/** Turns of the event loop on a clock that stands still but for `work` and `sleep`. */
function turnsOnAClock() {
  let nowMs = 0;
  const slept: number[] = [];
  const pace = new LoopPace({
    monotonicNow: () => nowMs,
    sleep: (ms) => {
      slept.push(ms);
      nowMs += ms;
    },
  });
  /** A turn that takes messages in, and so many ms to do so. */
  const turn = async (messages: number, workMs: number): Promise<void> => {
    for (let n = 0; n < messages; n += 1) pace.took();
    nowMs += workMs;
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { turn, slept };
}

describe('turns under load', () => {
  it('begin a millisecond apart', async () => {
    const { turn, slept } = turnsOnAClock();
    await turn(1000, 0.25);
    await turn(1000, 0.25);
    await turn(100, 0.75);
    expect(slept).toEqual([0.75, 0.25]);
  });

  it('are held up by nothing where they take longer by themselves', async () => {
    const { turn, slept } = turnsOnAClock();
    for (let n = 0; n < 5; n += 1) await turn(1000, 1.5);
    expect(slept).toEqual([]);
  });

  it('are held up by nothing where there is little to do', async () => {
    const { turn, slept } = turnsOnAClock();
    for (let n = 0; n < 100; n += 1) await turn(15, 0.01);
    expect(slept).toEqual([]);
  });
});
