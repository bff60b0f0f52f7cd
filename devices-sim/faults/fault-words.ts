import { type FaultCounts, noFaults } from './faulty-device.ts';

/** How often each fault happened, and how many connections were cut. */
export type FaultsSoFar = Readonly<FaultCounts> & { readonly cut: number };

/** Adds up what happened to several devices. */
export function sumOfFaults(parts: readonly FaultsSoFar[]): FaultsSoFar {
  const sum = { ...noFaults(), cut: 0 };
  for (const part of parts) {
    for (const name of Object.keys(sum) as (keyof FaultsSoFar)[]) sum[name] += part[name];
  }
  return sum;
}

/** What went wrong so far, for people: `dropped 3  cut 20`, or `none yet`. */
export function faultWords(counts: FaultsSoFar): string {
  const words = Object.entries(counts).filter(([, count]) => count > 0);
  return words.length === 0 ? 'none yet' : words.map(([name, count]) => `${name} ${count}`).join('  ');
}
