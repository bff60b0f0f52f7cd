/** So many at once; whoever else comes waits in line. */
export interface Turns {
  /**
   * Waits for a turn, up to `withinMs`.
   *
   * @returns ends the turn, to be called once; null where none came
   */
  take(withinMs: number): Promise<(() => void) | null>;
}

export function createTurns(places: number): Turns {
  let free = places;
  /** In order of coming. */
  const line = new Set<() => void>();

  function end(): void {
    const [next] = line;
    if (next === undefined) free += 1;
    else next();
  }

  return {
    async take(withinMs) {
      if (free > 0) {
        free -= 1;
        return end;
      }
      return new Promise((resolve) => {
        const begin = (): void => {
          line.delete(begin);
          clearTimeout(timer);
          resolve(end);
        };
        const timer = setTimeout(() => {
          line.delete(begin);
          resolve(null);
        }, withinMs);
        line.add(begin);
      });
    },
  };
}
