import { expect, it } from 'vitest';
import { takeIn } from '../../../gateway/engine/intake.ts';
import type { StoredEntry } from '../../../gateway/journal/journal.ts';

const ARRIVAL = Date.UTC(2026, 4, 4, 12);

function entry(payload: unknown): StoredEntry {
  return {
    seq: 5_000,
    receivedAt: ARRIVAL,
    topic: 'devices/d1/telemetry',
    userId: 'd1',
    clientId: 'd1',
    packetId: 1,
    qos: 1,
    dup: false,
    payload: new TextEncoder().encode(JSON.stringify(payload)),
    truncatedFrom: 0,
    span: 1_000,
  };
}

it('an array is taken in order of time, a reading without one as of its arrival; sequences stay as sent', () => {
  const { readings, problems } = takeIn(
    entry([
      { at: ARRIVAL + 60_000, event: 'ahead' },
      { event: 'now' },
      { at: ARRIVAL - 2_000, event: 'early' },
      { at: ARRIVAL - 1_000, event: 'first of two' },
      { at: ARRIVAL - 1_000, event: 'second of two' },
    ]),
  );
  expect(problems).toEqual([]);
  expect(readings.map(({ seq, reading }) => [seq, reading.event])).toEqual([
    [5_002, 'early'],
    [5_003, 'first of two'],
    [5_004, 'second of two'],
    [5_001, 'now'],
    [5_000, 'ahead'],
  ]);
});
