/** How many of how many people did something. */
export interface Share {
  readonly people: number;
  readonly did: number;
}

/** Difference of two shares, with the interval that holds the true one 95 times in 100. Shares of 1. */
export interface Lift {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Of the normal distribution, two-sided 95 %. */
const Z = 1.959963984540054;

/**
 * How much larger the share of `treated` is than that of `control`, or null where one of them is empty.
 *
 * Newcombe's hybrid score interval (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10): it keeps its promise also for
 * few people and shares near 0, where the textbook interval does not.
 */
export function liftOf(treated: Share, control: Share): Lift | null {
  if (treated.people === 0 || control.people === 0) return null;
  const [a, b] = [wilson(treated), wilson(control)];
  const difference = a.share - b.share;
  return {
    difference,
    low: difference - Math.hypot(a.share - a.low, b.high - b.share),
    high: difference + Math.hypot(a.high - a.share, b.share - b.low),
  };
}

/** Wilson's score interval of one share (E. B. Wilson, JASA 22, 1927). */
function wilson({ people, did }: Share): {
  readonly share: number;
  readonly low: number;
  readonly high: number;
} {
  const share = did / people;
  const middle = share + Z ** 2 / (2 * people);
  const half = Z * Math.sqrt((share * (1 - share)) / people + Z ** 2 / (4 * people ** 2));
  const whole = 1 + Z ** 2 / people;
  return { share, low: Math.max(0, (middle - half) / whole), high: Math.min(1, (middle + half) / whole) };
}
