import type { Kysely } from 'kysely';
import type { Broker } from '../../broker/ports.ts';
import type { Backtests } from '../backtest/jobs.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { Delivery } from '../delivery/delivery-client.ts';
import type { Removed } from '../engine/engine-calls.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import type { Journal } from '../journal/journal.ts';
import { devicesWithSessions, noteSessionsGone } from '../records/device-erasures.ts';
import type { Schema } from '../records/schema.ts';

/** Where beside the records something is kept of devices and people. */
export interface Elsewhere {
  readonly db: Kysely<Schema>;
  readonly broker: Pick<Broker, 'forget' | 'publish'>;
  /** Null where there is none. */
  readonly bridge: Pick<Bridge, 'forget'> | null;
  readonly delivery: Pick<Delivery, 'recheck'>;
  readonly backtests: Pick<Backtests, 'forget'>;
  readonly journal: Pick<Journal, 'givenSeq'>;
  readonly engine: Pick<EngineClient, 'erase'>;
}

/**
 * Takes what is no longer in the records out of the broker, the engine and the telemetry store.
 *
 * @returns whether the telemetry is gone already; else it goes as soon as the store can
 */
export async function eraseElsewhere(elsewhere: Elsewhere, removed: Removed): Promise<boolean> {
  const { backtests, delivery, engine, journal } = elsewhere;
  const { consumer, devices } = removed;
  backtests.forget([...devices.map(({ id }) => id), ...(consumer === null ? [] : [consumer])]);
  // What waits in the outbox went with the records; what was already taken out of it must not go either.
  if (consumer !== null) await delivery.recheck([consumer]);
  // First nothing more comes in; then the number up to which the journal's entries are their own is known.
  await eraseSessions(elsewhere);
  return engine.erase(removed, journal.givenSeq);
}

/** Ends the MQTT sessions of all removed devices that may have some, also of those that an earlier process did not come to. */
export async function eraseSessions({ db, broker, bridge }: Elsewhere): Promise<void> {
  for (const device of await devicesWithSessions(db)) {
    await broker.forget(device.id, device.aliases);
    // An empty message is how a broker forgets what it retained [MQTT-3.3.1-10].
    await broker.publish(`devices/${device.id}/config`, '', { retain: true });
    bridge?.forget(device.id);
    await noteSessionsGone(db, device);
  }
}
