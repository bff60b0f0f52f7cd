import { reasonOf } from './gateway-api.ts';

/** It can't be done at all: a file that can't be read, or no gateway there. The command ends with 2. */
export class Unusable extends Error {
  override readonly name: string = 'Unusable';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/**
 * What to throw where nobody could connect to a broker: no broker there, or one that did not let the device in, which is a refusal.
 *
 * @param says what failed, for what the broker or the network said
 */
export function notConnected(error: unknown, says: (reason: string) => string): Error {
  const message = says(reasonOf(error));
  return isRefusal(error) ? new Error(message, { cause: error }) : new Unusable(message, error);
}

/** MQTT.js gives a CONNACK's code as a number, and what the network says as a name such as `ECONNREFUSED`. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}
