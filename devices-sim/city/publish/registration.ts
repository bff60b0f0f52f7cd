import { type GatewayApi, GatewayApiError, textField } from '../../gateway-api.ts';
import { inParallel } from '../../in-parallel.ts';
import type { Resident } from '../model/people.ts';
import type { CityDevice } from '../model/world.ts';

/** Tokens by device id. */
export type Credentials = ReadonlyMap<string, string>;

const ALL_PURPOSES = ['location_offers', 'device_offers', 'health_offers'] as const;
/** Of the country in which the synthetic city lies. */
const TIMEZONE = 'Europe/Rome';

/**
 * Makes the residents known to the gateway as consumers, with what they agree to; they keep no quiet hours, so that
 * there is something to see at any hour. Consumers that are there already are left as they are.
 */
export async function registerResidents(api: GatewayApi, residents: readonly Resident[]): Promise<void> {
  await inParallel(residents, async (resident) => {
    try {
      await api.call('POST', '/api/v1/consumers', {
        id: resident.id,
        attributes: { name: resident.name },
        timezone: TIMEZONE,
        quietHours: null,
      });
    } catch (error) {
      if (error instanceof GatewayApiError && error.status === 409) return;
      throw error;
    }
    for (const purpose of ALL_PURPOSES) {
      const granted = resident.agreesTo.includes(purpose);
      // Who never answered has not agreed either: only a part of the refusals is on record.
      if (!granted && resident.agreesTo.length === 0) continue;
      await api.call('PUT', `/api/v1/consumers/${resident.id}/consents/${purpose}`, {
        granted,
        source: 'simulator',
      });
    }
  });
}

/**
 * Registers the devices that have no credentials yet, each linked to its owner.
 *
 * @returns `known` and the tokens of the new ones
 */
export async function registerDevices(
  api: GatewayApi,
  devices: readonly CityDevice[],
  known: Credentials,
): Promise<Map<string, string>> {
  const credentials = new Map(known);
  const missing = devices.filter((device) => !known.has(device.id));
  await inParallel(missing, async (device) => {
    credentials.set(device.id, await tokenFor(api, device));
  });
  return credentials;
}

/** A new device's token; one that an earlier run registered for the same person gets a new token, for the old is shown only once. */
async function tokenFor(api: GatewayApi, { id, type, owner }: CityDevice): Promise<string> {
  try {
    return textField(await api.call('POST', '/api/v1/devices', { id, type, consumerId: owner }), 'token');
  } catch (error) {
    if (!(error instanceof GatewayApiError && error.status === 409)) throw error;
    const there = await api.call('GET', `/api/v1/devices/${id}`);
    if ((there as { readonly consumerId?: unknown }).consumerId !== owner) {
      throw new Error(
        `The device ${id} is there already and belongs to somebody else. Choose other names with --prefix.`,
        { cause: error },
      );
    }
    return textField(await api.call('POST', `/api/v1/devices/${id}/token`), 'token');
  }
}
