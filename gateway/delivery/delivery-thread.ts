import { workerData } from 'node:worker_threads';
import { type ClockOrigin, domainClock } from '../clock.ts';
import { openRecords } from '../records/open.ts';
import { createSeal } from '../records/seal.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { createLanes } from './lanes.ts';
import { createOutbox, type DeliveryCounters } from './outbox.ts';
import { createOutboxStore, type DeliveryRow } from './outbox-store.ts';
import { createPushSender } from './push-sender.ts';
import { ruleNeedsFrom } from './rule-needs.ts';
import { createServiceHolds } from './service-holds.ts';
import type { VapidKeys } from './vapid-keys.ts';
import { createVapidTokens } from './vapid-tokens.ts';

/** What the thread is started with. */
export interface DeliveryThreadData {
  readonly recordsFile: string;
  readonly vapidKeys: VapidKeys;
  readonly vapidSubject: string;
  readonly receiptKey: Uint8Array;
  /** What the records hide secrets with. */
  readonly recordsKey: Uint8Array;
  readonly pushHosts: readonly string[];
  readonly clockOrigin: ClockOrigin;
}

/** What the thread serves. */
export interface DeliveryThread {
  /** Once: from now on offers go out, with links that lead to `publicUrl`. */
  beginSending(publicUrl: string): void;
  wake(): void;
  counters(): Promise<DeliveryCounters>;
  /** Ends what is under way and closes the records. */
  stop(graceMs: number): Promise<void>;
}

/** What the thread calls. */
export interface DeliveryListener {
  changed(rows: readonly DeliveryRow[]): void;
  trouble(what: string, message: string): void;
}

const data = workerData as DeliveryThreadData;
const realNow = Date.now;
const clock = domainClock(data.clockOrigin, realNow);
const db = openRecords(data.recordsFile);
let publicUrl = '';
const main = serveFromWorker<DeliveryListener, DeliveryThread>({
  beginSending(url) {
    publicUrl = url;
    outbox.start();
  },
  wake: () => outbox.wake(),
  counters: () => outbox.counters(),
  async stop(graceMs) {
    await outbox.stop(graceMs);
    await db.destroy();
  },
});
const holds = createServiceHolds(Math.random);
const outbox = createOutbox(
  createOutboxStore(db, createSeal(data.recordsKey), ruleNeedsFrom(db)),
  {
    sender: createPushSender({ extraOrigins: data.pushHosts, realNow }),
    vapid: createVapidTokens(data.vapidKeys, data.vapidSubject, realNow),
    holds,
    lanes: createLanes(holds),
    receiptKey: data.receiptKey,
    publicUrl: () => publicUrl,
    domainNow: () => clock.now(),
    realNow,
    random: Math.random,
  },
  {
    onChanged: (rows) => main.changed.asEvent(rows),
    onTrouble: (what, error) =>
      main.trouble.asEvent(what, error instanceof Error ? error.message : String(error)),
  },
);
