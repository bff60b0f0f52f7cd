/** A repeatable source of randomness. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform whole number in [0, below). */
  integer(below: number): number;
  chance(probability: number): boolean;
  /** Standard normal deviate. */
  normal(): number;
  /** One of `items`; throws a RangeError when there is none. */
  pick<T>(items: readonly T[]): T;
  /** A copy in random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** A source of its own that depends on this one's seed and on `name`, not on what was drawn before. */
  fork(name: string): Random;
}

/** 2^32, the size of the state. */
const RANGE = 4_294_967_296;

/**
 * Makes a source from a seed; the same seed gives the same numbers on every machine.
 * The generator is mulberry32 (Tommy Ettinger, public domain): 32 bits of state, plenty for street plans and journeys.
 *
 * @param seed any whole number; its low 32 bits count
 */
export function createRandom(seed: number): Random {
  const origin = seed >>> 0;
  let state = origin;

  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / RANGE;
  };
  const integer = (below: number): number => Math.floor(next() * below);

  return {
    next,
    integer,
    between: (low, high) => low + (high - low) * next(),
    chance: (probability) => next() < probability,
    // Box and Muller 1958; 1 - next() keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[integer(items.length)] as T;
    },
    shuffle<T>(items: readonly T[]): T[] {
      return items
        .map((item) => ({ item, key: next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item);
    },
    fork: (name) => createRandom(origin ^ fnv1a(name)),
  };
}

/** FNV-1a, 32 bit (Fowler, Noll, Vo): spreads names over seeds. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
