import type { Logger } from 'pino';
import type { ClockOrigin } from '../clock.ts';
import type { MailSettings } from '../mail/mailer.ts';
import { startWorker, type WorkerHandle } from '../worker-rpc.ts';
import type { DeliveryListener, DeliveryThread, DeliveryThreadData } from './delivery-thread.ts';
import type { DeliveryRow } from './due-facts.ts';
import type { DeliveryCounters } from './outbox.ts';
import type { ServiceReport } from './services.ts';
import type { TrialOutcome, TrialPush } from './trial-push.ts';
import type { VapidKeyRing } from './vapid-keys.ts';

export interface DeliveryOptions {
  /** SQLite file of the records; migrated before `start`. */
  readonly recordsFile: string;
  readonly vapidKeys: VapidKeyRing;
  readonly vapidSubject: string;
  readonly receiptKey: Uint8Array;
  /** What the records hide secrets with. */
  readonly recordsKey: Uint8Array;
  /** Origins of WAYSIDE_PUSH_HOSTS. */
  readonly pushHosts: readonly string[];
  /** Null: no e-mail goes out. */
  readonly mail: MailSettings | null;
  /** Quiet hours and `sent_at` go by domain time. */
  readonly clockOrigin: ClockOrigin;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  readonly log: Logger;
  /** Called once when the thread dies; nothing is sent from then on, and nothing is lost. */
  readonly onFailure: (error: Error) => void;
}

/** Works the outbox off in a thread of its own, for encryption and TLS burn CPU by the millisecond. */
export interface Delivery {
  /** Rejects where the thread cannot start or read the records. */
  start(): Promise<void>;
  /**
   * Once, after the start and when the pages and receipts are served: from now on offers go out.
   *
   * @param publicUrl where browsers reach the consumer app, without a trailing slash
   */
  beginSending(publicUrl: string): void;
  /** Ends what is under way (at most a few seconds); what waits goes out after the next start. */
  stop(): Promise<void>;
  /** Deliveries were queued: looks at once instead of at the next timer. */
  wake(): void;
  /**
   * Something about these people changed: once this resolves, what waits for them and may not go out any more is withdrawn, and
   * what is just being sent is not tried again.
   */
  recheck(consumers: readonly string[]): Promise<void>;
  /** Withdraws everything that waits. */
  withdrawAll(reason: string): Promise<void>;
  /** Once this resolves, these pairs are signed with, and no others. */
  replaceVapidKeys(keys: VapidKeyRing): Promise<void>;
  /** Sends an offer to a browser at once; nothing is kept. */
  trial(push: TrialPush): Promise<TrialOutcome>;
  /** What services that offers are handed to made of them, since the start. */
  services(): Promise<readonly ServiceReport[]>;
  /** Rows as they are after each change by the outbox. Returns the unsubscribe. */
  onChanged(listener: (rows: readonly DeliveryRow[]) => void): () => void;
  /** Totals since the start and the backlog, for /metrics. */
  counters(): Promise<DeliveryCounters>;
}

/**
 * Some ten times what is under way at most. V8 lets a heap without a bound grow to four times what lives in it before it looks for
 * what does not.
 */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 256 };
const GRACE_MS = 3_000;
/** One log line a kind of trouble in this time, for a dead disk causes one a second. */
const LOG_EVERY_MS = 60_000;
const MAX_TOLD = 1_000;

export function createDelivery(options: DeliveryOptions): Delivery {
  const listeners = new Set<(rows: readonly DeliveryRow[]) => void>();
  const toldAt = new Map<string, number>();
  let thread: WorkerHandle<DeliveryThread> | null = null;

  /** Webhooks and push services are told apart, and there may be many. */
  function isDue(what: string): boolean {
    const now = options.realNow();
    if (now - (toldAt.get(what) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return false;
    if (toldAt.size >= MAX_TOLD) toldAt.clear();
    toldAt.set(what, now);
    return true;
  }

  function running(): WorkerHandle<DeliveryThread>['call'] {
    if (thread === null) throw new Error('delivery is not running');
    return thread.call;
  }

  const local: DeliveryListener = {
    changed(rows) {
      for (const listener of listeners) listener(rows);
    },
    trouble(what, message) {
      if (!isDue(what)) return;
      options.log.error({ cause: message }, what);
    },
    refused(service, status) {
      if (!isDue(`${service} ${status}`)) return;
      options.log.warn({ service, status }, 'refuses offers for good: settings or keys have to be mended');
    },
  };

  return {
    async start() {
      const data: DeliveryThreadData = {
        recordsFile: options.recordsFile,
        vapidKeys: options.vapidKeys,
        vapidSubject: options.vapidSubject,
        receiptKey: options.receiptKey,
        recordsKey: options.recordsKey,
        pushHosts: options.pushHosts,
        mail: options.mail,
        clockOrigin: options.clockOrigin,
      };
      const file = new URL('./delivery-thread.ts', import.meta.url);
      const onFailure = (error: Error) => {
        // Before the start is over and after the stop has begun, whoever called is told instead.
        if (thread === null) return;
        thread = null;
        options.onFailure(error);
      };
      const worker = startWorker<DeliveryThread, DeliveryListener>(file, data, local, onFailure, HEAP_LIMITS);
      try {
        // The first answer shows that the thread is up and can read the records.
        await worker.call.counters();
      } catch (error) {
        await worker.terminate();
        throw error;
      }
      thread = worker;
    },
    beginSending(publicUrl) {
      thread?.call.beginSending.asEvent(publicUrl);
    },
    async stop() {
      const stopped = thread;
      thread = null;
      if (stopped === null) return;
      try {
        await stopped.call.stop(GRACE_MS);
      } finally {
        await stopped.terminate();
      }
    },
    wake() {
      thread?.call.wake.asEvent();
    },
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async recheck(consumers) {
      // Before it runs nothing is sent, and once it does each is looked at anyway.
      await thread?.call.recheck(consumers);
    },
    async withdrawAll(reason) {
      await running().withdrawAll(reason);
    },
    async replaceVapidKeys(keys) {
      await thread?.call.replaceVapidKeys(keys);
    },
    trial: async (push) => running().trial(push),
    services: async () => running().services(),
    counters: async () => running().counters(),
  };
}
