/** Work that is done one after the other where it has the same key, and side by side where it has not. */
export class Turns {
  readonly #latest = new Map<string, Promise<void>>();

  /** Does the work when all that came before under its key is over, however that ended. Ends as the work does. */
  async take(key: string, work: () => Promise<void>): Promise<void> {
    const before = this.#latest.get(key);
    const done = before === undefined ? work() : before.then(work, work);
    this.#latest.set(key, done);
    try {
      await done;
    } finally {
      if (this.#latest.get(key) === done) this.#latest.delete(key);
    }
  }

  /** Resolves when all that was taken is over. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#latest.values());
  }
}
