import { describe, expect, it } from 'vitest';
import { createPace } from '../../../gateway/telemetry/influx-pace.ts';

/** Sends as much at once as the pace gives to a server that takes `most` lines. Gives how many requests it refused. */
function send(pace: ReturnType<typeof createPace>, most: number, requests: number): number {
  let refused = 0;
  for (let n = 0; n < requests; n += 1) {
    if (pace.lines <= most) {
      pace.succeeded();
      continue;
    }
    refused += 1;
    pace.tooLarge(pace.lines);
  }
  return refused;
}

describe('what InfluxDB is sent at once', () => {
  it('grows again to all of it once a proxy that said 413 to everything is mended', () => {
    const pace = createPace(1_000);
    const whole = pace.lines;
    while (pace.lines > 1) pace.tooLarge(pace.lines);
    expect(send(pace, whole, 5_000)).toBe(0);
    expect(pace.lines).toBe(whole);
  });

  it('stays near what a server takes, and seldom asks for more', () => {
    const pace = createPace(1_000);
    send(pace, 100, 20);
    expect(send(pace, 100, 10_000)).toBeLessThan(100);
    expect(pace.lines).toBeGreaterThan(50);
  });
});
