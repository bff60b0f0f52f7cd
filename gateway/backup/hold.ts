/** Lets work that must not happen meanwhile be put off by any number of others. */
export interface Hold {
  readonly isHeld: boolean;
  /** Returns the release. */
  hold(): () => void;
}

export function createHold(): Hold {
  const holders = new Set<symbol>();
  return {
    get isHeld() {
      return holders.size > 0;
    },
    hold() {
      const holder = Symbol('holder');
      holders.add(holder);
      return () => void holders.delete(holder);
    },
  };
}
