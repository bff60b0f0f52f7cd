/** Items that one piece of work takes at most, so that others who use the records get their turn. */
const MAX_AT_ONCE = 100;

interface Item<T, R> {
  readonly value: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Does work on all that came while it did the work before, so that any number of small things cost few transactions. */
export class Gather<T, R> {
  readonly #work: (values: readonly T[]) => Promise<readonly R[]>;
  #waiting: Item<T, R>[] = [];
  #running: Promise<void> | null = null;

  /** @param work gives a result for each value, in their order */
  constructor(work: (values: readonly T[]) => Promise<readonly R[]>) {
    this.#work = work;
  }

  add(value: T): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#waiting.push({ value, resolve, reject });
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when nothing is left. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Behind what this turn of the event loop still brings.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const items = this.#waiting.splice(0, MAX_AT_ONCE);
      try {
        const results = await this.#work(items.map(({ value }) => value));
        for (const [index, item] of items.entries()) item.resolve(results[index] as R);
      } catch (error) {
        for (const item of items) item.reject(error);
      }
    }
    this.#running = null;
  }
}
