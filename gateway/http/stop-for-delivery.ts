import { hasStopped, stopEverything } from '../records/consents.ts';
import { consumerOfDelivery } from '../records/deliveries.ts';
import type { HttpDependencies } from './dependencies.ts';

/**
 * Stops everything for the person who got a delivery. Where nobody is left to stop for, or there is nothing to stop, nothing is
 * written: whoever has the token of a delivery can't fill the records with it.
 *
 * @param source what withdrawn consents are noted to come from
 */
export async function stopForDelivery(
  deps: Pick<HttpDependencies, 'records' | 'clock' | 'changed'>,
  deliveryId: string,
  source: string,
): Promise<void> {
  const consumer = await consumerOfDelivery(deps.records, deliveryId);
  if (consumer === null || (await hasStopped(deps.records, consumer))) return;
  const change = { actor: `consumer:${consumer}`, at: deps.clock.now() };
  await stopEverything(deps.records, consumer, source, change);
  await deps.changed({ kind: 'consumers', ids: [consumer] });
}
