import type { ToDevice } from '../bridge/to-device.ts';
import type { DeviceError } from './engine-calls.ts';

/**
 * Tells each device of its messages in quarantine, on `devices/{id}/errors`; for a session that is away it waits, as far as
 * the broker's limits go.
 */
export function tellDevices(
  toDevice: ToDevice,
  errors: readonly DeviceError[],
  warn: (message: string, fields: object) => void,
): void {
  const told = errors.map(({ device, ...error }) =>
    toDevice(device, `devices/${device}/errors`, JSON.stringify(error), { qos: 1 }),
  );
  Promise.all(told).catch((error: unknown) =>
    warn('devices could not be told of their errors', { err: error, devices: errors.length }),
  );
}
