import { describe, expect, it } from 'vitest';
import { forgetDevice } from '../../rules/forget-device.ts';
import { emptyMemory, type Memory, newDeviceMemory } from '../../rules/memory.ts';

const memory: Memory = {
  ...emptyMemory,
  doneUntil: 5,
  devices: { van: { ...newDeviceMemory('car'), lastAt: 4 }, phone: newDeviceMemory('phone') },
  stays: {
    cafe: { id: 'v1', members: { van: true } },
    home: { id: 'v2', members: { van: true, phone: true } },
    shop: { id: 'v3', members: { van: true, phone: false } },
  },
  sent: { v1: { at: 3, rules: ['coffee'] } },
  sentTimes: { coffee: [3] },
};

describe('forgetting a device', () => {
  it('leaves the person the other devices and the visits that these are in', () => {
    expect(forgetDevice(memory, 'van')).toEqual({
      ...memory,
      devices: { phone: newDeviceMemory('phone') },
      stays: { home: { id: 'v2', members: { phone: true } } },
    });
  });

  it('keeps what was sent for a cause, so that it brings no second offer', () => {
    expect(forgetDevice(memory, 'van').sent).toBe(memory.sent);
  });

  it('does nothing where the device was never heard', () => {
    expect(forgetDevice(memory, 'constructor')).toBe(memory);
  });
});
