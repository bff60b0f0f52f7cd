import type { Broker } from '../../broker/ports.ts';
import type { Bridge } from './bridge.ts';

export interface ToDeviceOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
}

/** Sends to a device wherever it is connected: here, and at the external broker if it was heard of from there. */
export type ToDevice = (
  deviceId: string,
  topic: string,
  payload: string | Uint8Array,
  options?: ToDeviceOptions,
) => Promise<void>;

/**
 * @param bridge null where there is none
 * @returns resolves when both brokers have the message; for the external one that may take until it is back
 */
export function toDeviceBy(broker: Pick<Broker, 'publish'>, bridge: Bridge | null): ToDevice {
  return async (deviceId, topic, payload, options = {}) => {
    const here = broker.publish(topic, payload, options);
    const there = bridge?.reaches(deviceId) ? bridge.publish(topic, payload, options) : undefined;
    await Promise.all([here, there]);
  };
}
