/**
 * Lets many share a thing, and now and then one have it alone (to swap the file under it). Who wants it alone waits for
 * those who share it, and those who come later wait for that one.
 */
export interface SharedLock {
  /** Runs `work` beside other shared work. */
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` alone, in the order of the calls. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

export function createSharedLock(): SharedLock {
  let last: Promise<unknown> = Promise.resolve();
  const sharing = new Set<Promise<unknown>>();
  return {
    async shared(work) {
      // Looks again after each wait, for another may have asked meanwhile to have it alone.
      for (let seen: unknown = null; seen !== last; ) {
        seen = last;
        await last;
      }
      const running = work();
      sharing.add(running);
      try {
        return await running;
      } finally {
        sharing.delete(running);
      }
    },
    exclusive(work) {
      const before = last;
      const run = (async () => {
        await before;
        await Promise.allSettled(sharing);
        return work();
      })();
      // The next one waits for the end, whichever way it went; the caller has the error.
      last = run.then(
        () => undefined,
        () => undefined,
      );
      return run;
    },
  };
}
