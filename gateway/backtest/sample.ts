/** Mulberry32 (Tommy Ettinger, public domain): random enough to sample with, and the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keeps some of a stream, each item with the same chance: Vitter's algorithm R (ACM TOMS 11, 1985). */
export class Sample<T> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: T[] = [];
  #seen = 0;

  constructor(size: number, seed: number) {
    this.#size = size;
    this.#random = seededRandom(seed);
  }

  /** @param make called only where the item is kept */
  offer(make: () => T): void {
    this.#seen += 1;
    if (this.#kept.length < this.#size) {
      this.#kept.push(make());
      return;
    }
    const position = Math.floor(this.#random() * this.#seen);
    if (position < this.#size) this.#kept[position] = make();
  }

  get kept(): readonly T[] {
    return this.#kept;
  }

  get isPart(): boolean {
    return this.#seen > this.#kept.length;
  }
}
