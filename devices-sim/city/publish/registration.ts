import type { Resident } from '../model/people.ts';
import type { CityDevice } from '../model/world.ts';
import { type GatewayApi, GatewayApiError } from './gateway-api.ts';

/** Tokens by device id. */
export type Credentials = ReadonlyMap<string, string>;

const ALL_PURPOSES = ['location_offers', 'device_offers', 'health_offers'] as const;
/** Calls under way at a time. */
const PARALLEL_CALLS = 8;

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
  await inParallel(missing, async ({ id, type, owner }) => {
    const answer = await api
      .call('POST', '/api/v1/devices', { id, type, consumerId: owner })
      .catch((error: unknown) => {
        if (error instanceof GatewayApiError && error.status === 409) {
          throw new GatewayApiError(
            `The device ${id} is registered already, and its token is shown only once. Give the file that the first run wrote with --credentials, or choose other names with --prefix.`,
            error.status,
            error.code,
            error,
          );
        }
        throw error;
      });
    credentials.set(id, tokenOf(answer, id));
  });
  return credentials;
}

function tokenOf(answer: unknown, id: string): string {
  if (typeof answer === 'object' && answer !== null && 'token' in answer && typeof answer.token === 'string')
    return answer.token;
  throw new Error(`the gateway registered the device ${id} and gave no token`);
}

/** Runs `work` for each item, a few at a time; the first failure ends it. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL_CALLS }, worker));
}
