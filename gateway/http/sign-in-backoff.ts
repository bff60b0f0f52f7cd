import { WaysideError } from '../errors.ts';

/** Tries that cost nothing but the answer: people mistype. */
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** A key that has been quiet for this long is forgotten. */
const FORGET_AFTER_MS = 15 * 60_000;
/** Keys remembered at most; beyond that the one tried longest ago is forgotten. */
const MAX_KEYS = 10_000;

interface Tries {
  readonly count: number;
  readonly at: number;
}

/** Slows guessing of passwords and codes: after five failures each further one doubles the wait, up to five minutes. */
export interface SignInBackoff {
  /**
   * Counts a try before it is judged, so that many at once do not slip through.
   *
   * @throws BackoffError while the wait lasts
   */
  begin(key: string): void;
  /** The try was right: the key starts afresh. */
  succeeded(key: string): void;
}

/** The coded error `too_many_requests`, with the time to wait. */
export class BackoffError extends WaysideError {
  readonly retryAfterSeconds: number;

  constructor(waitMs: number) {
    const seconds = Math.ceil(waitMs / 1_000);
    super('too_many_requests', `try again in ${seconds} s`);
    this.retryAfterSeconds = seconds;
  }
}

/** @param now real time, epoch ms */
export function createSignInBackoff(now: () => number): SignInBackoff {
  const tries = new Map<string, Tries>();
  return {
    begin(key) {
      const at = now();
      const before = tries.get(key);
      const fresh = before === undefined || at - before.at > FORGET_AFTER_MS;
      const count = fresh ? 0 : before.count;
      if (!fresh && count >= FREE_TRIES) {
        const wait = Math.min(FIRST_WAIT_MS * 2 ** (count - FREE_TRIES), LONGEST_WAIT_MS) - (at - before.at);
        if (wait > 0) throw new BackoffError(wait);
      }
      tries.delete(key);
      tries.set(key, { count: count + 1, at });
      const oldest = tries.keys().next().value;
      if (tries.size > MAX_KEYS && oldest !== undefined) tries.delete(oldest);
    },
    succeeded(key) {
      tries.delete(key);
    },
  };
}
