/** Domain time, epoch ms: what `receivedAt`, lateness, visits, timers, caps and quiet hours go by. */
export interface Clock {
  now(): number;
  /** Domain milliseconds per real millisecond. */
  readonly timeScale: number;
}

/** Where domain time began and how fast it runs; plain data, so that all threads share one time. */
export interface ClockOrigin {
  /** Domain time at `realStart`, epoch ms. */
  readonly domainStart: number;
  /** Real time, epoch ms. */
  readonly realStart: number;
  readonly timeScale: number;
}

/** A clock over real time. `realNow` gives real epoch ms. */
export function domainClock(origin: ClockOrigin, realNow: () => number): Clock {
  const { domainStart, realStart, timeScale } = origin;
  return { timeScale, now: () => Math.floor(domainStart + (realNow() - realStart) * timeScale) };
}
