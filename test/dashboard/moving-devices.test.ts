import { describe, expect, it } from 'vitest';
import { MovingDevices } from '../../dashboard/console/live-map/moving-devices.ts';
import type { LiveDevice } from '../../dashboard/live/live-feed.ts';

const device = (lat: number, heardAt: number, more: Partial<LiveDevice> = {}): LiveDevice => ({
  device: 'car-1',
  type: 'car',
  consumer: null,
  at: heardAt,
  lat,
  lon: 9,
  heardAt,
  ...more,
});
const feed = (...devices: LiveDevice[]) => new Map(devices.map((entry) => [entry.device, entry]));

describe('devices on the map', () => {
  it('glide from one position to the next in the time between the two', () => {
    const moving = new MovingDevices(true);
    moving.at(feed(device(45, 0)), 0);
    const next = feed(device(45.01, 1_000));
    expect(moving.at(next, 1_000)[0]?.lat).toBe(45);
    expect(moving.at(next, 1_500)[0]?.lat).toBeCloseTo(45.005, 9);
    expect(moving.at(next, 9_000)[0]?.lat).toBe(45.01);
  });

  it('go on from where they are drawn when the next position comes early', () => {
    const moving = new MovingDevices(true);
    moving.at(feed(device(45, 0)), 0);
    moving.at(feed(device(45.01, 1_000)), 1_000);
    const early = feed(device(45.015, 1_500));
    expect(moving.at(early, 1_500)[0]?.lat).toBeCloseTo(45.005, 9);
  });

  it('do not glide over a gap in the data, and not at all for who wants less motion', () => {
    const moving = new MovingDevices(true);
    moving.at(feed(device(45, 0)), 0);
    expect(moving.at(feed(device(45.5, 1_000)), 1_000)[0]?.lat).toBe(45.5);
    const still = new MovingDevices(false);
    still.at(feed(device(45, 0)), 0);
    expect(still.at(feed(device(45.001, 1_000)), 1_000)[0]?.lat).toBe(45.001);
  });

  it('have a heading only while they move', () => {
    const moving = new MovingDevices(true);
    expect(moving.at(feed(device(45, 0, { heading: 90, speed: 10 })), 0)[0]?.heading).toBe(90);
    expect(moving.at(feed(device(45, 1, { heading: 90, speed: 0 })), 1)[0]?.heading).toBeNull();
    expect(moving.at(feed(device(45, 2)), 2)[0]?.heading).toBeNull();
  });

  it('are forgotten with the feed', () => {
    const moving = new MovingDevices(true);
    moving.at(feed(device(45, 0)), 0);
    expect(moving.at(new Map(), 10)).toEqual([]);
    expect(moving.at(feed(device(45.001, 20)), 20)[0]?.lat).toBe(45.001);
  });
});
