import type { Random } from '../city/model/random.ts';
import type { FaultSettings } from './fault-options.ts';
import { garbage } from './garbage.ts';

/** Something that a device sends. */
export type Outgoing<R> =
  | { readonly kind: 'reading'; readonly reading: R; readonly repeated: boolean }
  | { readonly kind: 'garbage'; readonly payload: Buffer };

/** How often each fault happened. */
export interface FaultCounts {
  dropped: number;
  duplicated: number;
  reordered: number;
  garbage: number;
}

export function noFaults(): FaultCounts {
  return { dropped: 0, duplicated: 0, reordered: 0, garbage: 0 };
}

const MOST_OVERTAKING = 3;

/**
 * What becomes of one device's readings on their way out. Nothing is random but what `random` gives, so the same seed brings the
 * same faults.
 */
export class FaultyDevice<R extends { readonly at: number }> {
  /** What the device's clock is ahead by, ms. */
  readonly clockSkewMs: number;
  readonly #settings: FaultSettings;
  readonly #random: Random;
  readonly #counts: FaultCounts;
  /** A reading that later ones overtake, and how many may still do so. */
  #held: { readonly reading: R; overtaking: number } | null = null;

  /** @param counts faults are added here */
  constructor(settings: FaultSettings, random: Random, counts: FaultCounts) {
    this.#settings = settings;
    this.#random = random;
    this.#counts = counts;
    const most = settings.clockSkewSeconds * 1000;
    this.clockSkewMs = most === 0 ? 0 : Math.round(random.between(-most, most));
  }

  /** What is sent in place of a reading, in order. */
  send(reading: R): readonly Outgoing<R>[] {
    const { drop, duplicate, reorder, garbage: garbageChance } = this.#settings;
    const random = this.#random;
    const out: Outgoing<R>[] = [];
    if (garbageChance > 0 && random.chance(garbageChance)) {
      this.#counts.garbage += 1;
      out.push({ kind: 'garbage', payload: garbage(random) });
    }
    const skewed = this.clockSkewMs === 0 ? reading : { ...reading, at: reading.at + this.clockSkewMs };
    if (drop > 0 && random.chance(drop)) {
      this.#counts.dropped += 1;
    } else if (reorder > 0 && this.#held === null && random.chance(reorder)) {
      this.#counts.reordered += 1;
      this.#held = { reading: skewed, overtaking: 1 + random.integer(MOST_OVERTAKING) };
      return out;
    } else {
      out.push({ kind: 'reading', reading: skewed, repeated: false });
      if (duplicate > 0 && random.chance(duplicate)) {
        this.#counts.duplicated += 1;
        out.push({ kind: 'reading', reading: skewed, repeated: true });
      }
    }
    if (this.#held !== null) {
      this.#held.overtaking -= 1;
      if (this.#held.overtaking === 0) out.push(...this.flush());
    }
    return out;
  }

  /** What is still held back, at the end. */
  flush(): readonly Outgoing<R>[] {
    const held = this.#held;
    this.#held = null;
    return held === null ? [] : [{ kind: 'reading', reading: held.reading, repeated: false }];
  }
}
