import { addressKey } from './peer-address.ts';

/** Tries that cost nothing but the answer: tokens are rotated, and devices try again. */
const FREE_FAILURES = 10;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Who has not failed for this long starts afresh. */
const FORGET_AFTER_MS = 5 * 60_000;
/** Beyond that the one that failed longest ago is forgotten. */
const MAX_KEYS = 10_000;
/** Names are what strangers send: a longer one is no user's. */
const LONGEST_NAME = 128;

interface Failures {
  count: number;
  restUntil: number;
  at: number;
}

/**
 * Slows the guessing of tokens. Counted for each pair of address and user name, so that a stranger can't lock a device out
 * from elsewhere: after ten failures each further one doubles the time in which no login is looked at, up to a minute.
 */
export class LoginBackoff {
  readonly #now: () => number;
  readonly #byKey = new Map<string, Failures>();

  /** @param now real time, ms on any clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  isResting(address: string, name: string): boolean {
    const failures = this.#byKey.get(key(address, name));
    return failures !== undefined && this.#now() < failures.restUntil;
  }

  failed(address: string, name: string): void {
    const now = this.#now();
    const id = key(address, name);
    const before = this.#byKey.get(id);
    const count = before === undefined || now - before.at > FORGET_AFTER_MS ? 1 : before.count + 1;
    const waitMs =
      count < FREE_FAILURES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE_FAILURES), LONGEST_WAIT_MS);
    this.#byKey.delete(id);
    this.#byKey.set(id, { count, restUntil: now + waitMs, at: now });
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > MAX_KEYS && oldest !== undefined) this.#byKey.delete(oldest);
  }

  succeeded(address: string, name: string): void {
    this.#byKey.delete(key(address, name));
  }
}

function key(address: string, name: string): string {
  return `${addressKey(address)} ${name.slice(0, LONGEST_NAME)}`;
}
