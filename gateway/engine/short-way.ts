import type { Reading, Remark } from '../../rules/readings/reading.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import { createSkims, type Skim } from '../../rules/skim.ts';
import type { DeviceFacts } from '../../rules/step.ts';
import { lookedUpIn } from '../../rules/surroundings.ts';
import type { KnownDevice, Registry } from './registry.ts';
import type { Subjects } from './subjects.ts';

/**
 * Devices of which is known what their readings can be skimmed by; beyond it they are found anew. Some 300 bytes each, and the memory of
 * their subject as the latest skim had it: mostly the one that subjects keep, but also one that these dropped or replaced since.
 */
const MOST_DEVICES = 100_000;

/**
 * Readings that nothing follows from, as nearly all are: they change the memory of their subject where it lies, a good deal cheaper than a
 * step that makes a new one.
 */
export interface ShortWay {
  /**
   * Takes a prepared device's reading if it can be skimmed: then it is stored just as it was sent, and decides nothing.
   *
   * @param now arrival
   * @returns what is worth counting about it, good until the next call; null: nothing was changed, and it has to be judged
   */
  take(device: KnownDevice, reading: Reading, now: number): readonly Remark[] | null;
  /** The reading before went the long way. */
  judged(device: KnownDevice): void;
  /** Knows no device and no memory any more: after a commit that failed, and with each erasure of a device or a person. */
  forget(): void;
}

export function createShortWay(
  registry: Pick<Registry, 'rulebook'>,
  subjects: Pick<Subjects, 'held' | 'set'>,
): ShortWay {
  let rulebook: Rulebook | null = null;
  let skimOf: (facts: DeviceFacts) => Skim = () => () => null;
  const skims = new Map<KnownDevice, Skim>();
  const remarks: Remark[] = [];

  return {
    take(device, reading, now) {
      if (rulebook !== registry.rulebook || reading.event !== undefined || reading.units !== undefined)
        return null;
      const skim = skims.get(device);
      if (skim === undefined) return null;
      const { memory, wakeAt } = subjects.held(device.subject);
      remarks.length = 0;
      const next = skim(memory, wakeAt ?? Infinity, reading, now, remarks);
      if (next === null) return null;
      subjects.set(device.subject, memory, next === Infinity ? null : next);
      return remarks;
    },
    // Only then: after a change of the rulebook the first reading goes the long way, which finds by it when the next timer falls due.
    judged(device) {
      if (rulebook !== registry.rulebook) {
        skims.clear();
        ({ rulebook } = registry);
        skimOf = createSkims(rulebook, lookedUpIn(rulebook));
      }
      if (skims.has(device)) return;
      if (skims.size >= MOST_DEVICES) skims.clear();
      skims.set(device, skimOf(device));
    },
    forget() {
      skims.clear();
      rulebook = null;
    },
  };
}
