import { workerData } from 'node:worker_threads';
import { type ClockOrigin, domainClock } from '../clock.ts';
import type { MailSettings } from '../mail/mailer.ts';
import { createSmtpMailer } from '../mail/smtp-mailer.ts';
import { openRecords } from '../records/open.ts';
import { createSeal } from '../records/seal.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { createChannels } from './channels/all-channels.ts';
import type { DeliveryRow } from './due-facts.ts';
import { createLanes } from './lanes.ts';
import { createOutboundAgent } from './outbound.ts';
import { createOutbox, type DeliveryCounters } from './outbox.ts';
import { createOutboxStore } from './outbox-store.ts';
import { createPushSender } from './push-sender.ts';
import { OUTBOX_RECORDS } from './results.ts';
import { startResultsThread } from './results-thread.ts';
import { ruleNeedsFrom } from './rule-needs.ts';
import { createServiceHolds } from './service-holds.ts';
import { createServices, type ServiceReport } from './services.ts';
import { sendTrial, type TrialOutcome, type TrialPush } from './trial-push.ts';
import type { VapidKeyRing } from './vapid-keys.ts';
import { createVapidSigners } from './vapid-signers.ts';

/** What the thread is started with. */
export interface DeliveryThreadData {
  readonly recordsFile: string;
  readonly vapidKeys: VapidKeyRing;
  readonly vapidSubject: string;
  readonly receiptKey: Uint8Array;
  /** What the records hide secrets with. */
  readonly recordsKey: Uint8Array;
  readonly pushHosts: readonly string[];
  readonly mail: MailSettings | null;
  readonly clockOrigin: ClockOrigin;
}

/** What the thread serves. */
export interface DeliveryThread {
  /** Once: from now on offers go out, with links that lead to `publicUrl`. */
  beginSending(publicUrl: string): void;
  wake(): void;
  recheck(consumers: readonly string[]): Promise<void>;
  withdrawAll(reason: string): Promise<void>;
  replaceVapidKeys(keys: VapidKeyRing): void;
  trial(push: TrialPush): Promise<TrialOutcome>;
  services(): readonly ServiceReport[];
  counters(): Promise<DeliveryCounters>;
  /** Ends what is under way and closes the records. */
  stop(graceMs: number): Promise<void>;
}

/** What the thread calls. */
export interface DeliveryListener {
  changed(rows: readonly DeliveryRow[]): void;
  trouble(what: string, message: string): void;
  /** A service refused with a status that only the operator can mend. */
  refused(service: string, status: number): void;
}

const data = workerData as DeliveryThreadData;
const realNow = Date.now;
const clock = domainClock(data.clockOrigin, realNow);
const db = openRecords(data.recordsFile, OUTBOX_RECORDS);
const results = startResultsThread(data.recordsFile, (error) => {
  throw error;
});
let publicUrl = '';
const main = serveFromWorker<DeliveryListener, DeliveryThread>({
  beginSending(url) {
    publicUrl = url;
    outbox.start();
  },
  wake: () => outbox.wake(),
  recheck: (consumers) => outbox.recheck(consumers),
  withdrawAll: (reason) => outbox.withdrawAll(reason),
  replaceVapidKeys: (keys) => parts.signers.use(keys),
  trial: (push) => sendTrial(parts, push),
  services: () => parts.services.reports(),
  counters: () => outbox.counters(),
  async stop(graceMs) {
    await outbox.stop(graceMs);
    await Promise.all([db.destroy(), results.stop()]);
  },
});

const holds = createServiceHolds(Math.random);
const parts = {
  sender: createPushSender({ extraOrigins: data.pushHosts, realNow }),
  agent: createOutboundAgent({ trustedOrigins: data.pushHosts }),
  mailer: data.mail === null ? null : createSmtpMailer(data.mail),
  signers: createVapidSigners(data.vapidKeys, data.vapidSubject, realNow),
  services: createServices(holds, realNow, (service, status) => main.refused.asEvent(service, status)),
  receiptKey: data.receiptKey,
  publicUrl: () => publicUrl,
  realNow,
};
const outbox = createOutbox(
  createOutboxStore(
    { db, seal: createSeal(data.recordsKey), ruleNeeds: ruleNeedsFrom(db), realNow },
    results.record,
  ),
  {
    channels: createChannels(parts),
    lanes: createLanes(holds),
    domainNow: () => clock.now(),
    realNow,
    random: Math.random,
    async stopSending() {
      parts.mailer?.stop();
      await Promise.all([parts.sender.stop(), parts.agent.stop()]);
    },
  },
  {
    onChanged: (rows) => main.changed.asEvent(rows),
    onTrouble: (what, error) =>
      main.trouble.asEvent(what, error instanceof Error ? error.message : String(error)),
  },
);
