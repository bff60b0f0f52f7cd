import { type Draft, deviceOf } from '../draft.ts';
import type { Fix } from '../memory.ts';

/** Why nothing fires; said so that nobody learns where the device is, or in what kind of place. */
export const IN_ZONE = {
  reason: 'sensitive_zone',
  detail: 'its last known position is one of those that offers are never based on',
} as const;

/**
 * Whether anything that a device fires is to be suppressed: the last admitted position lies in a sensitive zone, or one does that is
 * still to be confirmed.
 */
export function zoneObstacle(draft: Draft, deviceId: string): typeof IN_ZONE | null {
  const device = deviceOf(draft, deviceId);
  if (device === null) return null;
  const isInZone = ({ lat, lon }: Fix) => draft.rulebook.inSensitiveZone(lat, lon);
  const { track, held } = device;
  return (track !== null && isInZone(track)) || held.some(isInZone) ? IN_ZONE : null;
}
