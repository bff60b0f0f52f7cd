import type { Registry } from 'prom-client';
import type { Broker } from '../broker/ports.ts';
import type { Bridge } from './bridge/bridge.ts';
import type { Delivery } from './delivery/delivery-client.ts';
import { deliveryHealth } from './delivery/delivery-health.ts';
import { refusalsOf } from './delivery/services.ts';
import type { Downlink } from './downlink/downlink.ts';
import type { EngineClient } from './engine/engine-client.ts';
import { healthOf } from './health.ts';
import type { PartHealth } from './http/dependencies.ts';
import type { Journal } from './journal/journal.ts';
import { createMetrics } from './metrics.ts';
import { getSending } from './records/sending.ts';
import type { RecordsThread } from './records/thread.ts';

/** The running parts, as far as they tell how they are. */
interface Parts {
  readonly engine: EngineClient;
  readonly records: RecordsThread;
  readonly journal: Journal;
  readonly broker: Broker;
  readonly downlink: Downlink;
  readonly delivery: Delivery;
  /** Null where there is no other broker. */
  readonly bridge: Bridge | null;
}

/** What /readyz and /metrics tell. */
export function statusOf({ engine, records, journal, broker, downlink, delivery, bridge }: Parts): {
  readonly health: () => Promise<Readonly<Record<string, PartHealth>>>;
  readonly metrics: Registry;
} {
  return {
    health: () =>
      healthOf({
        engine: engine.status,
        records: () => records.db.selectFrom('cursors').select('name').execute(),
        journalTrouble: () => journal.trouble,
        sessionTrouble: () => broker.sessionTrouble(),
        ...(bridge !== null && { bridge: () => bridge.health() }),
        delivery: async () =>
          deliveryHealth(await getSending(records.db), await delivery.services(), Date.now()),
      }),
    metrics: createMetrics({
      engine: engine.status,
      journalPendingBytes: () => journal.pendingBytes,
      journal: () => ({ ...journal.space, refuses: journal.trouble === null ? 0 : 1 }),
      broker: () => ({ ...broker.counters() }),
      downlink: () => ({ ...downlink.counters() }),
      ...(bridge !== null && { bridge: () => ({ ...bridge.counters() }) }),
      delivery: () => delivery.counters().then((counters) => ({ ...counters })),
      refusals: () => delivery.services().then(refusalsOf),
    }),
  };
}
