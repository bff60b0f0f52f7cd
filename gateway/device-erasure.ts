import type { Broker } from '../broker/ports.ts';
import type { EngineClient } from './engine/engine-client.ts';
import type { Journal } from './journal/journal.ts';
import type { RemovedDevice } from './records/device-erasures.ts';

/**
 * Takes a device that is no longer in the records out of the broker, the engine and the telemetry store.
 *
 * @returns whether its telemetry is gone already; else it goes as soon as the store can
 */
export function deviceErasure(
  broker: Pick<Broker, 'forget' | 'publish'>,
  journal: Pick<Journal, 'givenSeq'>,
  engine: Pick<EngineClient, 'erase'>,
): (device: RemovedDevice) => Promise<boolean> {
  return async (device) => {
    // First nothing more comes in; then the number up to which the journal's entries are its own is known.
    await broker.forget(device.id);
    await broker.publish(`devices/${device.id}/config`, '', { retain: true });
    return engine.erase(device, journal.givenSeq);
  };
}
