import { type Memory, type Stay, without } from './memory.ts';

/**
 * The memory of a subject without one of its devices: where it was, what it said, and its part in the visits of the person. What
 * offers were sent for stays, so that a cause brings none anew.
 */
export function forgetDevice(memory: Memory, deviceId: string): Memory {
  if (!Object.hasOwn(memory.devices, deviceId)) return memory;
  const stays: Record<string, Stay> = {};
  for (const [place, stay] of Object.entries(memory.stays)) {
    const members = without(stay.members, deviceId);
    // A visit that nobody else is in has ended; one without a member inside would be closed by nobody.
    if (Object.values(members).includes(true)) stays[place] = { ...stay, members };
  }
  return { ...memory, devices: without(memory.devices, deviceId), stays };
}
