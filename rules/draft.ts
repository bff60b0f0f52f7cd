import { type DeviceMemory, type Memory, own } from './memory.ts';
import type { Rulebook } from './rulebook.ts';
import type { ConsumerFacts, Decision, Visit } from './step.ts';

/**
 * One step in the making. The memory in it is replaced, never changed in place, so that what did not change is shared with
 * the memory before; but for the record of devices, which is copied once a step, for most steps replace a device twice.
 */
export interface Draft {
  readonly rulebook: Rulebook;
  readonly consumer: ConsumerFacts | null;
  memory: Memory;
  /** The copy of `memory.devices` that belongs to this step, once there is one. */
  ownDevices: Record<string, DeviceMemory> | null;
  readonly decisions: Decision[];
  readonly visits: Visit[];
}

export function deviceOf(draft: Draft, deviceId: string): DeviceMemory | null {
  return own(draft.memory.devices, deviceId) ?? null;
}

/** Replaces some fields of a device that is remembered already. */
export function changeDevice(draft: Draft, deviceId: string, change: Partial<DeviceMemory>): void {
  const device = deviceOf(draft, deviceId);
  if (device === null) return;
  setDevice(draft, deviceId, { ...device, ...change });
}

export function setDevice(draft: Draft, deviceId: string, device: DeviceMemory): void {
  // Only what is an own property may be assigned: `__proto__` is a valid id.
  if (draft.ownDevices !== null && Object.hasOwn(draft.ownDevices, deviceId)) {
    draft.ownDevices[deviceId] = device;
    return;
  }
  draft.ownDevices = { ...draft.memory.devices, [deviceId]: device };
  draft.memory = { ...draft.memory, devices: draft.ownDevices };
}
