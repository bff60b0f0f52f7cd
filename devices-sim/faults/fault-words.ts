import type { FaultCounts } from './faulty-device.ts';

/** What went wrong so far, for people: `dropped 3  cut 20`, or `none yet`. */
export function faultWords(counts: Readonly<FaultCounts> & { readonly cut: number }): string {
  const words = Object.entries(counts).filter(([, count]) => count > 0);
  return words.length === 0 ? 'none yet' : words.map(([name, count]) => `${name} ${count}`).join('  ');
}
