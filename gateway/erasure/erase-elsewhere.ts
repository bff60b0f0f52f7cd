import type { Broker } from '../../broker/ports.ts';
import type { Removed } from '../engine/engine-calls.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import type { Journal } from '../journal/journal.ts';

/** Where beside the records something is kept of devices and people. */
export interface Elsewhere {
  readonly broker: Pick<Broker, 'forget' | 'publish'>;
  readonly journal: Pick<Journal, 'givenSeq'>;
  readonly engine: Pick<EngineClient, 'erase'>;
}

/**
 * Takes what is no longer in the records out of the broker, the engine and the telemetry store.
 *
 * @returns whether the telemetry is gone already; else it goes as soon as the store can
 */
export async function eraseElsewhere(
  { broker, journal, engine }: Elsewhere,
  removed: Removed,
): Promise<boolean> {
  // First nothing more comes in; then the number up to which the journal's entries are their own is known.
  for (const { id } of removed.devices) {
    await broker.forget(id);
    await broker.publish(`devices/${id}/config`, '', { retain: true });
  }
  return engine.erase(removed, journal.givenSeq);
}
