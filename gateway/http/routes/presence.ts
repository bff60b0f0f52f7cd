import { Type } from '@fastify/type-provider-typebox';
import type { Downlink } from '../../downlink/downlink.ts';
import { NEVER_SEEN, type Presence } from '../../records/presence.ts';
import { Choice, Nullable, Time } from '../shapes.ts';

/** Whether a device is connected, as part of a device. */
export const PresenceShape = Type.Object(
  {
    state: Choice('online', 'offline'),
    since: Nullable({ ...Time, description: 'When it came or went; null for a device that never was there' }),
    lastSeenAt: Nullable({ ...Time, description: 'When anything was heard of it last' }),
    reason: Type.Optional(
      Choice(
        'disconnected',
        'connection_lost',
        'keep_alive',
        'replaced',
        'protocol_error',
        'closed',
        'gateway_stopped',
        'reported',
      ),
    ),
  },
  { description: 'In real time' },
);

/** Adds to each device whether it is connected. */
export async function withPresence<D extends { readonly id: string }>(
  downlink: Pick<Downlink, 'presenceOf'>,
  devices: readonly D[],
): Promise<(D & { readonly presence: Presence })[]> {
  const presence = await downlink.presenceOf(devices.map(({ id }) => id));
  return devices.map((device) => ({ ...device, presence: presence.get(device.id) ?? NEVER_SEEN }));
}
