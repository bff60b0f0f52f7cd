/** Buckets of equal width in each doubling: a value is known to about 3 %. */
const BUCKETS_A_DOUBLING = 32;
const DOUBLINGS = 40;

/** Counts durations in buckets that grow with the value, so that no number of them takes more than 10 KiB. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS_A_DOUBLING * DOUBLINGS);
  #total = 0;
  #largest = 0;

  get total(): number {
    return this.#total;
  }

  /** Exactly; 0 where nothing was added. */
  get largestMs(): number {
    return this.#largest;
  }

  /** @param ms at least 0; what is below a microsecond counts as one */
  add(ms: number): void {
    const index = Math.min(this.#counts.length - 1, indexOf(ms));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
    this.#largest = Math.max(this.#largest, ms);
  }

  /**
   * The duration that a part of all did not exceed, to the upper edge of its bucket.
   *
   * @param part of 1, such as 0.99
   * @returns ms; 0 where nothing was added
   */
  percentileMs(part: number): number {
    const rank = Math.ceil(part * this.#total);
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank && seen > 0) return Math.min(this.#largest, upperEdgeMs(index));
    }
    return this.#largest;
  }

  /** How many durations are below `ms` (to the bucket). */
  countBelow(ms: number): number {
    let count = 0;
    const end = Math.min(this.#counts.length, indexOf(ms));
    for (let index = 0; index < end; index += 1) count += this.#counts[index] ?? 0;
    return count;
  }
}

/** Doublings of a microsecond, and how far into the doubling. */
function indexOf(ms: number): number {
  const micros = Math.max(1, ms * 1000);
  const doubling = Math.floor(Math.log2(micros));
  const within = Math.floor((micros / 2 ** doubling - 1) * BUCKETS_A_DOUBLING);
  return doubling * BUCKETS_A_DOUBLING + Math.min(BUCKETS_A_DOUBLING - 1, within);
}

function upperEdgeMs(index: number): number {
  const doubling = Math.floor(index / BUCKETS_A_DOUBLING);
  const within = (index % BUCKETS_A_DOUBLING) + 1;
  return (2 ** doubling * (1 + within / BUCKETS_A_DOUBLING)) / 1000;
}
