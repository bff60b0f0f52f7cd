import type { JournalEntry } from '../../gateway/journal/journal.ts';

/** A plausible entry; `n` tells entries apart. */
export function entryOf(n: number, more: Partial<JournalEntry> = {}): JournalEntry {
  return {
    receivedAt: 1_763_756_400_000 + n,
    topic: `devices/d${n}/telemetry`,
    userId: `d${n}`,
    clientId: `c${n}`,
    packetId: n % 65_536,
    qos: 1,
    dup: false,
    payload: Buffer.from(`{"metrics":{"n":${n}}}`),
    truncatedFrom: 0,
    span: 1,
    ...more,
  };
}
