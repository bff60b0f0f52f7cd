import { Buffer } from 'node:buffer';
import { isValidId } from '../../broker/topics.ts';
import { DAY_MS, parseDuration } from '../../rules/time/duration.ts';
import type { Command } from '../records/commands.ts';
import { type Read, readObject } from './device-words.ts';

/** Commands that are not to expire at a given time are not for ever either. */
export const DEFAULT_EXPIRY_MS = 7 * DAY_MS;
export const LONGEST_EXPIRY_MS = 90 * DAY_MS;
/** Devices get it in one message, and firmware has little memory. */
export const MAX_ARGS_BYTES = 64 * 1024;
export const MAX_NAME_LENGTH = 128;

export type Order = Pick<Command, 'id' | 'device' | 'name' | 'args' | 'expiresAt'>;

/**
 * Reads a command as a service account gives it over MQTT: `{"name","args","id"?,"expires"?}`, with `expires` a duration such as
 * PT10M, or epoch ms.
 *
 * @param newId for one that came without an id
 * @param now real time, epoch ms
 */
export function readGivenCommand(
  device: string,
  payload: Uint8Array,
  newId: () => string,
  now: number,
): Read<Order> {
  const read = readObject(payload);
  if (!read.ok) return read;
  const { id = newId(), name, args = {}, expires } = read.value;
  if (typeof id !== 'string' || !isValidId(id))
    return refused('"id" must be 1 to 128 of A-Z a-z 0-9 . _ : -');
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH)
    return refused(`"name" must be a text of 1 to ${MAX_NAME_LENGTH} characters`);
  if (Buffer.byteLength(JSON.stringify(args)) > MAX_ARGS_BYTES)
    return refused(`"args" must be at most ${MAX_ARGS_BYTES} bytes of JSON`);
  const expiresAt = expires === undefined ? now + DEFAULT_EXPIRY_MS : expiryOf(expires, now);
  if (expiresAt === null || expiresAt <= now || expiresAt > now + LONGEST_EXPIRY_MS)
    return refused('"expires" must be a duration such as PT10M, or epoch ms to come, at most 90 days ahead');
  return { ok: true, value: { id, device, name, args, expiresAt } };
}

function expiryOf(expires: unknown, now: number): number | null {
  if (typeof expires === 'number' && Number.isSafeInteger(expires)) return expires;
  const duration = typeof expires === 'string' ? parseDuration(expires) : null;
  return duration === null ? null : now + duration;
}

function refused(message: string): { ok: false; code: 'bad_shape'; message: string } {
  return { ok: false, code: 'bad_shape', message };
}
