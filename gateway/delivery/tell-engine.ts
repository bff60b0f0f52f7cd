import type { Logger } from 'pino';
import type { EngineClient } from '../engine/engine-client.ts';
import { deliveryOf } from '../records/deliveries.ts';
import type { Delivery } from './delivery-client.ts';

/** Tells the live feed what became of offers, and the engine who can't be reached any more. Returns the unsubscribe. */
export function tellEngine(
  delivery: Pick<Delivery, 'onChanged'>,
  engine: Pick<EngineClient, 'live' | 'changed'>,
  log: Pick<Logger, 'error'>,
): () => void {
  return delivery.onChanged((rows) => {
    for (const row of rows) engine.live.publish({ kind: 'delivery', delivery: deliveryOf(row) });
    // Their last subscription ended: the next decision is to say so.
    const unreachable = rows.filter((row) => row.state === 'gone').map((row) => row.consumer);
    if (unreachable.length === 0) return;
    engine.changed({ kind: 'consumers', ids: unreachable }).catch((error: unknown) => {
      log.error({ err: error }, 'the engine could not be told of ended subscriptions');
    });
  });
}
