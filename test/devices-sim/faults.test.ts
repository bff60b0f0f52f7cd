import { describe, expect, it } from 'vitest';
import { nativeCodec } from '../../broker/codecs/native.ts';
import { createRandom } from '../../devices-sim/city/model/random.ts';
import type { FaultSettings } from '../../devices-sim/faults/fault-options.ts';
import { FaultyDevice, noFaults } from '../../devices-sim/faults/faulty-device.ts';
import { garbage } from '../../devices-sim/faults/garbage.ts';

const NONE: FaultSettings = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  clockSkewSeconds: 0,
  garbage: 0,
  reconnectStormSeconds: 0,
};
const READINGS = 2000;
const ARRIVAL = { topic: 'devices/a/telemetry', receivedAt: 1763756400000, userId: 'a' };

/** Sends numbered readings through a device with these faults. */
function run(settings: Partial<FaultSettings>, seed = 7) {
  const counts = noFaults();
  const device = new FaultyDevice<{ at: number }>({ ...NONE, ...settings }, createRandom(seed), counts);
  const out = Array.from({ length: READINGS }, (_, at) => device.send({ at })).flat();
  out.push(...device.flush());
  const times = out.flatMap((one) => (one.kind === 'reading' ? [one.reading.at] : []));
  return { counts, out, times, clockSkewMs: device.clockSkewMs };
}

describe('faults', () => {
  it('leave everything as it is where there are none', () => {
    const { times, counts } = run({});
    expect(times).toEqual(Array.from({ length: READINGS }, (_, at) => at));
    expect(counts).toEqual(noFaults());
  });

  it('drop readings, and count them', () => {
    const { times, counts } = run({ drop: 0.1 });
    expect(counts.dropped).toBeGreaterThan(READINGS * 0.07);
    expect(counts.dropped).toBeLessThan(READINGS * 0.13);
    expect(times).toHaveLength(READINGS - counts.dropped);
  });

  it('send readings twice, unchanged', () => {
    const { times, counts } = run({ duplicate: 0.1 });
    expect(counts.duplicated).toBeGreaterThan(0);
    expect(times).toHaveLength(READINGS + counts.duplicated);
    expect(new Set(times).size).toBe(READINGS);
  });

  it('send readings behind at most three later ones, and lose none', () => {
    const { times, counts } = run({ reorder: 0.2 });
    expect(times.toSorted((a, b) => a - b)).toEqual(Array.from({ length: READINGS }, (_, at) => at));
    const behind = times.filter((at, index) => times.slice(0, index).some((before) => before > at));
    expect(behind.length).toBe(counts.reordered);
    for (const [index, at] of times.entries()) expect(Math.abs(index - at)).toBeLessThanOrEqual(3);
  });

  it('set a clock wrong by one amount, within what was asked for', () => {
    const { times, clockSkewMs } = run({ clockSkewSeconds: 600 });
    expect(clockSkewMs).not.toBe(0);
    expect(Math.abs(clockSkewMs)).toBeLessThanOrEqual(600_000);
    expect(times[0]).toBe(clockSkewMs);
    expect(new Set(times.map((at, n) => at - n)).size).toBe(1);
  });

  it('are the same for the same seed, and others for another', () => {
    const all = { drop: 0.1, duplicate: 0.1, reorder: 0.1, garbage: 0.1, clockSkewSeconds: 10 };
    expect(run(all)).toEqual(run(all));
    expect(run(all).out).not.toEqual(run(all, 8).out);
  });

  it('bring garbage that is refused whole, each message with one complaint', () => {
    const random = createRandom(3);
    const kinds = new Set<string>();
    for (let n = 0; n < 2000; n++) {
      const payload = garbage(random);
      const { readings, problems } = nativeCodec.decode(payload, ARRIVAL);
      expect(readings, payload.toString()).toEqual([]);
      expect(problems, payload.toString()).toHaveLength(1);
      kinds.add(payload.toString('latin1'));
    }
    // Of a device the quarantine keeps 500: more different ones could not all be found again.
    expect(kinds.size).toBeGreaterThan(20);
    expect(kinds.size).toBeLessThan(100);
  });
});
