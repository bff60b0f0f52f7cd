import { describe, expect, it } from 'vitest';
import { createDoorbell } from '../../../gateway/doorbell.ts';
import { mayWait, nothingTaken } from '../../../gateway/engine/taken.ts';

const SINCE = 1_000_000;

function taken(entries: number) {
  return { ...nothingTaken(0), entries, upToSeq: entries, now: SINCE, since: SINCE };
}

describe('the commit of what was taken', () => {
  it('may wait under load, for 200 ms at most', () => {
    expect(mayWait(taken(1_500), 1_500, SINCE + 50)).toBe(true);
    expect(mayWait(taken(6_000), 1_500, SINCE + 200)).toBe(false);
  });

  it('comes at once for a few readings, and before too many have gathered', () => {
    expect(mayWait(taken(1), 1, SINCE)).toBe(false);
    // One batch more is at most 10,000.
    expect(mayWait(taken(10_000), 10_000, SINCE + 1)).toBe(true);
    expect(mayWait(taken(10_001), 10_000, SINCE + 1)).toBe(false);
    const large = taken(1_500);
    large.outcome.bytes = 12 * 1024 * 1024;
    expect(mayWait(large, 1_500, SINCE)).toBe(true);
    large.outcome.bytes += 1;
    expect(mayWait(large, 1_500, SINCE)).toBe(false);
  });

  it('comes at once where somebody is to be told', () => {
    const visited = taken(1_500);
    const visit = { id: 'v', device: 'car', place: 'cafe', enteredAt: SINCE };
    visited.outcome.visits.set('v', { visit, consumer: null });
    expect(mayWait(visited, 1_500, SINCE)).toBe(false);

    const refused = taken(1_500);
    refused.outcome.quarantine.push({
      device: 'car',
      topic: 'devices/car/telemetry',
      code: 'bad_json',
      message: 'no JSON',
      payload: new Uint8Array(),
      payloadBytes: 0,
      at: SINCE,
      part: null,
      readingsTaken: 0,
      times: 1,
    });
    expect(mayWait(refused, 1_500, SINCE)).toBe(false);
  });
});

describe('a doorbell', () => {
  it('wakes who waits, and keeps a ring that nobody waited for', async () => {
    const bell = createDoorbell();
    const waits = bell.rung();
    bell.ring();
    expect(await waits).toBe(true);
    bell.ring();
    expect(await bell.rung()).toBe(true);
  });

  it('gives up when its time is over', async () => {
    expect(await createDoorbell().rung(1)).toBe(false);
  });
});
