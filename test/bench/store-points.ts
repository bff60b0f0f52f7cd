import type { JournalEntry } from '../../gateway/journal/journal.ts';
import type { TelemetryPoint } from '../../gateway/telemetry/telemetry-store.ts';

/** Cars that report a position and three metrics, one after the other. */
export const DEVICES = 200;
/** 2026-03-01T12:00:00Z. */
export const T0 = Date.UTC(2026, 2, 1, 12);

const encoder = new TextEncoder();

export function deviceName(seq: number): string {
  return `car-${seq % DEVICES}`;
}

/** What the device says: the `seq`-th reading of all, with values that vary as real ones do. */
export function readingOf(seq: number) {
  return {
    position: {
      lat: 45.4 + ((seq * 7919) % 100_003) / 1e6,
      lon: 9.1 + ((seq * 104_729) % 100_003) / 1e6,
      accuracy: 5 + (seq % 20),
      speed: (seq % 400) / 10,
      heading: seq % 360,
    },
    metrics: { fuel: (seq % 1000) / 1000, rpm: 800 + (seq % 4000), ignition: seq % 7 !== 0 },
  };
}

export function pointOf(seq: number): TelemetryPoint {
  const at = T0 + Math.floor(seq / DEVICES);
  return { deviceKey: `key-${deviceName(seq)}`, at, seq, receivedAt: at, ...readingOf(seq), flags: [] };
}

export function pointsOf(afterSeq: number, count: number): TelemetryPoint[] {
  return Array.from({ length: count }, (_, index) => pointOf(afterSeq + 1 + index));
}

/** The same as a message in the journal, with a time of its own. */
export function entryOf(seq: number, receivedAt: number): JournalEntry {
  const device = deviceName(seq);
  return {
    receivedAt,
    topic: `devices/${device}/telemetry`,
    userId: device,
    clientId: device,
    packetId: (seq % 65_000) + 1,
    qos: 1,
    dup: false,
    payload: encoder.encode(JSON.stringify({ at: receivedAt, ...readingOf(seq) })),
    truncatedFrom: 0,
    span: 1,
  };
}
