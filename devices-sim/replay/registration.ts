import { randomBytes } from 'node:crypto';
import { createGatewayApi, GatewayApiError, textField } from '../gateway-api.ts';
import { Unusable } from '../unusable.ts';
import type { DeviceCredentials } from './device-link.ts';
import type { GatewayTime } from './pace.ts';
import type { Recording } from './recording.ts';

const TIMEOUT_MS = 5_000;
/** A device id has at most 128 characters (design, MQTT contract). */
const MAX_ID_LENGTH = 128;

/** Asks the gateway for its domain clock. `origin` is for example `http://localhost:8080`. Throws an Unusable where none answers. */
export async function readGatewayTime(origin: string): Promise<GatewayTime> {
  const response = await fetch(new URL('/healthz', origin), {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Unusable(`no gateway answers at ${origin}: start it, or give its address with --api`, error);
  });
  const strange = `${origin}/healthz does not tell \`now\` and \`timeScale\`: is it a Wayside gateway?`;
  const answer = (await response.json().catch((error: unknown) => {
    throw new Unusable(strange, error);
  })) as { now?: unknown; timeScale?: unknown } | null;
  const now = typeof answer?.now === 'string' ? Date.parse(answer.now) : answer?.now;
  if (typeof now !== 'number' || !Number.isFinite(now) || typeof answer?.timeScale !== 'number')
    throw new Unusable(strange);
  return { now, timeScale: answer.timeScale };
}

/**
 * Registers a device for a recording. Unless named, it gets an id of its own in each run: readings that a device has
 * already sent are not stored again.
 */
export async function registerDevice(
  options: {
    readonly origin: string;
    readonly adminToken: string;
    readonly deviceId?: string;
    readonly consumerId?: string;
  },
  recording: Recording,
): Promise<DeviceCredentials> {
  const id = options.deviceId ?? freshId(recording.name);
  const api = createGatewayApi(options.origin, options.adminToken);
  try {
    const answer = await api.call('POST', '/api/v1/devices', {
      id,
      type: recording.deviceType,
      ...(options.consumerId !== undefined && { consumerId: options.consumerId }),
    });
    return { id, token: textField(answer, 'token') };
  } catch (error) {
    if (error instanceof GatewayApiError && error.status === 409) {
      throw new Error(
        `the gateway knows a device ${id} already: give its token with --token, or choose another --device`,
        { cause: error },
      );
    }
    throw error;
  }
}

function freshId(name: string): string {
  const suffix = randomBytes(4).toString('hex');
  return `${name.replaceAll(/[^A-Za-z0-9_.:-]+/g, '-').slice(0, MAX_ID_LENGTH - suffix.length - 1)}-${suffix}`;
}
