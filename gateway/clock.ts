/** Domain time, epoch ms: what `receivedAt`, lateness, visits, timers, caps and quiet hours go by. */
export interface Clock {
  now(): number;
  /** Domain milliseconds per real millisecond. */
  readonly timeScale: number;
}

/**
 * A clock that starts at `startAt` (null: the real time) when made, and runs `timeScale` times as fast as real time.
 * `realNow` gives real epoch ms.
 */
export function domainClock(startAt: number | null, timeScale: number, realNow: () => number): Clock {
  const realStart = realNow();
  const domainStart = startAt ?? realStart;
  return { timeScale, now: () => Math.floor(domainStart + (realNow() - realStart) * timeScale) };
}
