import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { newToken } from '../broker/credentials.ts';
import type { BrokerPorts } from '../broker/ports.ts';
import { WaysideError } from './errors.ts';
import { closeFirstContact, issueFirstToken, provisionDevice } from './records/fleet-keys.ts';
import type { Schema } from './records/schema.ts';

type FirstContact = Required<Pick<BrokerPorts, 'provision' | 'issueToken' | 'ownTokenUsed'>>;

/**
 * How a device that nobody registered comes in over MQTT. It logs in with its id and the fleet key, subscribes to
 * `devices/{id}/token`, is told a token of its own, and uses that from the next login on. Until then the fleet key opens its id
 * again, so that a device which lost power before it stored the token is not locked out; from then on it does not.
 *
 * @param times `now` domain time, `realNow` real time, epoch ms
 * @param onNew a device came in that was not known
 * @param onClosed a device has used its own token: connections by the fleet key are to end
 */
export function firstContact(
  db: Kysely<Schema>,
  times: { now(): number; realNow(): number },
  onNew: (deviceId: string) => Promise<void>,
  onClosed: (deviceId: string) => void,
): FirstContact {
  return {
    async provision(id, key) {
      const contact = { id, key, deviceKey: randomUUID(), token: newToken(), renew: false };
      try {
        const { fleetKey, isNew } = await provisionDevice(db, contact, times.realNow(), times.now());
        if (isNew) await onNew(id);
        return fleetKey;
      } catch (error) {
        // Refused: CONNACK 5, like any other credentials that are wrong.
        if (error instanceof WaysideError && error.status < 500) return null;
        throw error;
      }
    },
    async issueToken(id) {
      const token = newToken();
      return (await issueFirstToken(db, id, token)) ? token : null;
    },
    async ownTokenUsed(id) {
      if ((await closeFirstContact(db, id, times.now())) !== null) onClosed(id);
    },
  };
}
