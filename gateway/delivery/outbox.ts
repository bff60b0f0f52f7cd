import { type DeliverParts, deliver } from './deliver.ts';
import type { DeliveryResult, DeliveryRow, DueDelivery, OutboxStore } from './outbox-store.ts';

/** Totals since the start, by what became of a delivery in a round, and what waits. */
export interface DeliveryCounters {
  readonly sent: number;
  readonly retried: number;
  readonly gone: number;
  readonly failed: number;
  readonly expired: number;
  readonly withdrawn: number;
  readonly outboxSize: number;
  /** Domain time at which the oldest waiting delivery was made, or null. */
  readonly oldestCreatedAt: number | null;
}

export interface OutboxOptions {
  /** Deliveries under way at once. */
  readonly maxConcurrent?: number;
  /** Told of each group of deliveries that changed. */
  readonly onChanged: (rows: readonly DeliveryRow[]) => void;
  /** Told of what an operator must know: the records do not answer, a delivery could not be worked on. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

export interface Outbox {
  start(): void;
  /** Takes nothing new; waits for what is under way, up to `graceMs`, and records what became of it. */
  stop(graceMs: number): Promise<void>;
  /** Something may be due: looks at once. */
  wake(): void;
  counters(): Promise<DeliveryCounters>;
}

/** Rows that another thread queued without a wake are found after this long. */
const LONGEST_SLEEP_MS = 30_000;
/** Results are written together: one fsync for all that end within this time. */
const GATHER_MS = 5;
/** After a failure of the records. */
const TROUBLE_PAUSE_MS = 1_000;

/**
 * Works the outbox off. A row changes after its push service answered, so a crash at any point leaves it waiting and it goes
 * out again, under the same id and Topic: nothing is lost, and the service worker shows an id once. What is under way is
 * bounded, also while the records do not take results.
 */
export function createOutbox(store: OutboxStore, parts: DeliverParts, options: OutboxOptions): Outbox {
  const maxConcurrent = options.maxConcurrent ?? 64;
  const totals = { sent: 0, retrying: 0, gone: 0, failed: 0, expired: 0, withdrawn: 0 };
  const underWay = new Map<string, Promise<void>>();
  let ended: DeliveryResult[] = [];
  let stopping = false;
  let running: Promise<void> = Promise.resolve();
  let recording: Promise<void> | null = null;
  let woken = false;
  let stir: () => void = () => undefined;

  function wake(): void {
    woken = true;
    stir();
  }

  /** Resolves on the next wake, or after `ms`. */
  async function sleep(ms: number): Promise<void> {
    if (!woken && !stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        stir = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    woken = false;
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await sleep(await round());
      } catch (error) {
        options.onTrouble('the outbox could not be read', error);
        await pause(TROUBLE_PAUSE_MS);
      }
    }
  }

  /** Starts what is due and fits; returns for how long there is nothing to do. */
  async function round(): Promise<number> {
    woken = false;
    // Asking for a few rows each time one ends would cost more queries than deliveries.
    if (underWay.size > maxConcurrent / 2) return LONGEST_SLEEP_MS;
    const room = maxConcurrent - underWay.size;
    const due = await store.due(parts.realNow(), room, [...underWay.keys()]);
    for (const delivery of due) underWay.set(delivery.row.id, work(delivery));
    if (due.length === room) return underWay.size > maxConcurrent / 2 ? LONGEST_SLEEP_MS : 0;
    const next = await store.nextDueAt([...underWay.keys()]);
    return next === null ? LONGEST_SLEEP_MS : Math.min(LONGEST_SLEEP_MS, Math.max(0, next - parts.realNow()));
  }

  async function work(delivery: DueDelivery): Promise<void> {
    let result: DeliveryResult;
    try {
      result = await deliver(parts, delivery);
    } catch (error) {
      options.onTrouble('a delivery could not be worked on', error);
      const { id } = delivery.row;
      result = { id, attempted: true, goneSubscriptions: [], kind: 'failed', reason: 'internal' };
    }
    ended.push(result);
    recording ??= record();
  }

  /** Writes what has ended until nothing is left, trying again while the records do not answer. */
  async function record(): Promise<void> {
    while (ended.length > 0) {
      await pause(GATHER_MS);
      const results = ended;
      ended = [];
      try {
        const rows = await store.record(results, parts.domainNow());
        for (const { id, kind } of results) {
          totals[kind] += 1;
          underWay.delete(id);
        }
        options.onChanged(rows);
        if (underWay.size <= maxConcurrent / 2) wake();
      } catch (error) {
        ended = [...results, ...ended];
        options.onTrouble('results of deliveries could not be recorded', error);
        if (stopping) break;
        await pause(TROUBLE_PAUSE_MS);
      }
    }
    recording = null;
  }

  return {
    start() {
      running = run();
    },
    async stop(graceMs) {
      stopping = true;
      stir();
      await running;
      const all = Promise.all(underWay.values()).then(() => undefined);
      await Promise.race([all, pause(graceMs)]);
      await parts.sender.stop();
      await all;
      await recording;
    },
    wake,
    async counters() {
      const { size, oldestCreatedAt } = await store.backlog();
      const { retrying, ...rest } = totals;
      return { ...rest, retried: retrying, outboxSize: size, oldestCreatedAt };
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
