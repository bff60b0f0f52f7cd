/** So many in the long run, and so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly atOnce: number;
}

/** A token bucket that may be overdrawn: what has arrived is taken, and what it was too much is waited for afterwards. */
export class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  /** @param now ms, on the clock that `take` is given */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.atOnce;
    this.#at = now;
  }

  /** Takes `count`, and gives the ms until the next may come: 0 within the rate. */
  take(count: number, now: number): number {
    this.#refill(now);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * 1000) / this.#rate.perSecond);
  }

  /** Takes one if it is there. */
  admits(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(now: number): void {
    const { perSecond, atOnce } = this.#rate;
    this.#tokens = Math.min(atOnce, this.#tokens + (Math.max(0, now - this.#at) * perSecond) / 1000);
    this.#at = now;
  }

  /** Whether nothing was taken for so long that a new bucket would be the same. */
  isFull(now: number): boolean {
    const { perSecond, atOnce } = this.#rate;
    return this.#tokens + ((now - this.#at) * perSecond) / 1000 >= atOnce;
  }
}

/** Keys beyond which full buckets are looked for and forgotten. */
const KEYS_BEFORE_CLEANING = 1024;

/** A bucket for each user or each address. Who is within the rate is forgotten, so that many names cost no memory. */
export class Buckets {
  readonly #rate: Rate;
  readonly #byKey = new Map<string, Bucket>();
  #cleanAt = KEYS_BEFORE_CLEANING;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  get size(): number {
    return this.#byKey.size;
  }

  of(key: string, now: number): Bucket {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.#cleanAt) {
      for (const [other, bucket] of this.#byKey) if (bucket.isFull(now)) this.#byKey.delete(other);
      this.#cleanAt = Math.max(KEYS_BEFORE_CLEANING, this.#byKey.size * 2);
    }
    const bucket = new Bucket(this.#rate, now);
    this.#byKey.set(key, bucket);
    return bucket;
  }
}
