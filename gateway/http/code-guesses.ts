import type { GuessBound } from '../records/redemptions.ts';

/** Wrong codes that cost nothing: people mistype, and a till that was offline brings them all at once. */
const BURST = 10;
/** So often one more may be wrong: 2,880 a day, where a pool of a million codes of eight letters has one in 200,000. */
export const ONE_MORE_AFTER_MS = 30_000;
/** Tills remembered; beyond that the one asked longest ago is forgotten. */
const MAX_KEYS = 10_000;

interface Left {
  readonly tries: number;
  readonly at: number;
}

/** How many unknown codes each till may still try, so that nobody finds codes by trying them. */
export interface CodeGuesses {
  of(till: string): GuessBound;
}

/** @param now real time, epoch ms */
export function createCodeGuesses(now: () => number): CodeGuesses {
  const left = new Map<string, Left>();

  const triesOf = (till: string, at: number): number => {
    const before = left.get(till);
    return before === undefined
      ? BURST
      : Math.min(before.tries + (at - before.at) / ONE_MORE_AFTER_MS, BURST);
  };
  const set = (till: string, tries: number, at: number): void => {
    left.delete(till);
    // Whoever has all of them need not be remembered.
    if (tries >= BURST) return;
    left.set(till, { tries, at });
    const oldest = left.keys().next().value;
    if (left.size > MAX_KEYS && oldest !== undefined) left.delete(oldest);
  };

  return {
    of: (till) => ({
      take() {
        const at = now();
        const tries = triesOf(till, at);
        if (tries < 1) return false;
        set(till, tries - 1, at);
        return true;
      },
      giveBack() {
        const at = now();
        set(till, triesOf(till, at) + 1, at);
      },
    }),
  };
}
