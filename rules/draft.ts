import { type DeviceMemory, type Memory, own } from './memory.ts';
import type { Candidate } from './pacing/candidate.ts';
import type { Rulebook } from './rulebook.ts';
import type { ConsumerFacts, Decision, Ledger, Visit } from './step.ts';

/**
 * One step in the making. What it changes belongs to the step: the memory itself is a copy from the start, its devices from
 * the first change on. All else in it is replaced, never changed in place, and shared with the memory before.
 */
export interface Draft {
  readonly rulebook: Rulebook;
  readonly consumer: ConsumerFacts | null;
  readonly ledger: Ledger;
  memory: { -readonly [K in keyof Memory]: Memory[K] };
  /** The copy of `memory.devices` that belongs to this step, once there is one. */
  ownDevices: Record<string, DeviceMemory> | null;
  readonly decisions: Decision[];
  /** Offers that could be sent in the present moment: the best of them will be, by settleMoment. */
  readonly candidates: Candidate[];
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
  // Most people have one device, and a copy of what is replaced anyway is slow.
  draft.ownDevices = holdsOthers(draft.memory.devices, deviceId)
    ? { ...draft.memory.devices, [deviceId]: device }
    : { [deviceId]: device };
  draft.memory.devices = draft.ownDevices;
}

function holdsOthers(devices: Memory['devices'], deviceId: string): boolean {
  for (const id in devices) if (id !== deviceId) return true;
  return false;
}
