const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * How long to wait before the next attempt to connect: doubling from 0.5 s to 30 s, of which a random half is taken, so that
 * several gateways do not come back to a broker in the same moment.
 *
 * @param failures attempts in a row that failed, at least 1
 * @param random in [0, 1)
 */
export function reconnectDelayMs(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(ceiling * (0.5 + random / 2));
}
