import { type Draft, deviceOf } from '../draft.ts';
import type { DeviceMemory, Memory } from '../memory.ts';
import { settleMoment } from '../pacing/settle.ts';
import { LATE_AFTER_MS } from '../readings/admission.ts';
import type { Rulebook } from '../rulebook.ts';
import { MINUTE_MS } from '../time/duration.ts';
import { firePending } from './crossings.ts';
import { dwellDueAt, fireDwells } from './dwell.ts';
import { closeBySilence } from './visits.ts';

/** No reading for this long ends the visits of a device, as of its last reading. */
const SILENCE_MS = 10 * MINUTE_MS;

/**
 * Does everything that fell due up to `now`, in order of time: dwells, metrics that stayed beyond a threshold, visits ended by
 * silence. So it does not matter whether a tick or the next reading comes first.
 */
export function runTimers(draft: Draft, now: number): void {
  for (;;) {
    const dueAt = nextDueAt(draft.rulebook, draft.memory);
    // Written so that no number that is none can keep it going.
    if (dueAt === null || !(dueAt <= now)) break;
    runDue(draft, dueAt, now);
    settleMoment(draft);
    draft.memory.doneUntil = Math.max(draft.memory.doneUntil, dueAt);
  }
  if (draft.memory.doneUntil < now) draft.memory.doneUntil = now;
}

/** Domain time at which the next of a subject's timers falls due, or null. */
export function nextDueAt(rulebook: Rulebook, memory: Memory): number | null {
  let next = Infinity;
  for (const deviceId in memory.devices) {
    const device = memory.devices[deviceId];
    if (device === undefined) continue;
    next = Math.min(next, firstTimerAt(rulebook, device, memory.doneUntil));
    for (const _ in device.visits) {
      next = Math.min(next, silentFrom(device));
      break;
    }
  }
  return next === Infinity ? null : next;
}

/** Domain time at which a device that is in a place counts as silent. */
export function silentFrom({ heardAt }: DeviceMemory): number {
  return heardAt + SILENCE_MS;
}

/** When the first of a device's dwells and pending crossings falls due, of those that were not due by `doneUntil`; Infinity for none. */
export function firstTimerAt(rulebook: Rulebook, device: DeviceMemory, doneUntil: number): number {
  let next = Infinity;
  for (const placeId in device.visits) {
    const visit = device.visits[placeId];
    const place = rulebook.place(placeId)?.place;
    if (visit === undefined || place === undefined) continue;
    for (const rule of rulebook.rulesOfPlace(place, 'dwell')) {
      const dueAt = dwellDueAt(rule, visit);
      if (dueAt !== null && dueAt > doneUntil && dueAt < next) next = dueAt;
    }
  }
  for (const ruleId in device.crossings) {
    const crossing = device.crossings[ruleId];
    const rule = rulebook.metricRule(ruleId);
    if (crossing?.state !== 'pending' || rule === undefined) continue;
    next = Math.min(next, crossing.since + rule.trigger.forMs);
  }
  return next;
}

function runDue(draft: Draft, dueAt: number, now: number): void {
  // The design forgives 2 min: then a restart shorter than that loses no dwell.
  const late =
    now - dueAt > LATE_AFTER_MS
      ? `it fell due ${Math.round((now - dueAt) / 1000)} s ago, and only the last ${LATE_AFTER_MS / 1000} s count`
      : undefined;
  const deviceIds = Object.keys(draft.memory.devices);
  for (const deviceId of deviceIds) {
    for (const [placeId, visit] of Object.entries(deviceOf(draft, deviceId)?.visits ?? {})) {
      const compiled = draft.rulebook.place(placeId);
      const due = {
        after: draft.memory.doneUntil,
        until: dueAt,
        at: dueAt,
        ...(late === undefined ? {} : { late }),
      };
      if (compiled !== undefined) fireDwells(draft, deviceId, compiled, visit, due);
    }
    for (const [ruleId, crossing] of Object.entries(deviceOf(draft, deviceId)?.crossings ?? {})) {
      const rule = draft.rulebook.metricRule(ruleId);
      if (crossing.state !== 'pending' || rule === undefined || crossing.since + rule.trigger.forMs > dueAt)
        continue;
      firePending(draft, deviceId, rule, crossing, dueAt, late);
    }
  }
  for (const deviceId of deviceIds) {
    const device = deviceOf(draft, deviceId);
    if (device !== null && silentFrom(device) <= dueAt) closeBySilence(draft, deviceId, dueAt);
  }
}
