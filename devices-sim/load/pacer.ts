/** How soon it is asked again whether more may go out. */
const RETRY_MS = 10;
/** Timers know no less. */
const SHORTEST_WAIT_MS = 1;

/**
 * Calls `send` for the first time at once, and then each time when the next one is due at this rate; what timers are late
 * by is caught up with.
 *
 * @param rate a second
 * @param mayGoOn where it says no, what is due waits, and keeps the moment that it was due at
 * @param send is told its number, from 0, and when it was due, on the clock of `performance.now`
 * @returns the stop
 */
export function startPacer(
  rate: number,
  mayGoOn: () => boolean,
  send: (index: number, dueAt: number) => void,
): () => void {
  const startedAt = performance.now();
  let made = 0;
  let timer: NodeJS.Timeout | undefined;
  const dueAt = () => startedAt + (made / rate) * 1000;
  const work = () => {
    const now = performance.now();
    while (dueAt() <= now && mayGoOn()) {
      send(made, dueAt());
      made += 1;
    }
    const waitMs = dueAt() <= now ? RETRY_MS : dueAt() - performance.now();
    timer = setTimeout(work, Math.max(SHORTEST_WAIT_MS, waitMs));
  };
  work();
  return () => clearTimeout(timer);
}
