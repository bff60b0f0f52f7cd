import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { createDoorbell } from '../doorbell.ts';
import { inSlices } from '../slices.ts';
import { type DeliverParts, deliver, expiredResult } from './deliver.ts';
import type { DeliveryRow, DueDelivery } from './due-facts.ts';
import type { LaneName, Lanes } from './lanes.ts';
import type { OutboxStore } from './outbox-store.ts';
import { createRecorder } from './recorder.ts';
import type { DeliveryResult } from './results.ts';
import { createWithdrawals, type Sending } from './withdrawals.ts';

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
  /** Told of each group of deliveries that changed. */
  readonly onChanged: (rows: readonly DeliveryRow[]) => void;
  /** Told of what an operator must know: the records do not answer, a delivery could not be worked on. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** What a delivery needs, and the lanes in which deliveries go side by side. */
export type OutboxParts = DeliverParts & {
  readonly lanes: Lanes;
  /** Ends what is being sent, as far as it has not ended by itself. */
  readonly stopSending: () => Promise<void>;
};

export interface Outbox {
  start(): void;
  /** Takes nothing new; waits for what is under way, up to `graceMs`, and records what became of it. */
  stop(graceMs: number): Promise<void>;
  /** Something may be due: looks at once. */
  wake(): void;
  /**
   * Something about these people changed: what waits for them and may not go out any more is withdrawn before this resolves, and
   * what is just being sent is not tried again.
   */
  recheck(consumers: readonly string[]): Promise<void>;
  /** Withdraws everything that waits; what is just being sent is not tried again. */
  withdrawAll(reason: string): Promise<void>;
  counters(): Promise<DeliveryCounters>;
}

interface UnderWay extends Sending {
  readonly lane: LaneName;
  /** As far as it goes now; what became of it is still to be recorded. */
  isSent: boolean;
  done: Promise<void>;
}

/** Rows that another thread queued without a wake are found after this long. */
const LONGEST_SLEEP_MS = 30_000;
/** Deliveries whose offer is over are looked for this often, also those whose push service is left alone. */
const OVER_EVERY_MS = 2_000;
/** Ended in one statement, which takes some milliseconds. */
const ROWS_AT_ONCE = 500;
/** One look for all places that come free within this time. */
const GATHER_MS = 5;
/** Encrypted in one go, which takes a millisecond; then it leaves, and connections that are free again are taken. */
const HANDED_OVER_AT_ONCE = 4;
/** Loaded together where more wait than find a place. */
const FEWEST_OF_A_BACKLOG = 16;
/** Being sent, or waiting for the records to take what became of them: as many may go out again after a crash. */
const MOST_UNDER_WAY = 1_000;
/** After a failure of the records. */
const TROUBLE_PAUSE_MS = 1_000;

/**
 * Works the outbox off. A row changes after its push service answered, so a crash at any point leaves it waiting and it goes
 * out again, under the same id and Topic: nothing is lost, and the service worker shows an id once. What is under way is
 * bounded, also while the records do not take results.
 */
export function createOutbox(store: OutboxStore, parts: OutboxParts, options: OutboxOptions): Outbox {
  const totals = { sent: 0, retrying: 0, gone: 0, failed: 0, expired: 0, withdrawn: 0 };
  const underWay = new Map<string, UnderWay>();
  let overLookedForAt = Number.NEGATIVE_INFINITY;
  let stopping = false;
  let running: Promise<void> = Promise.resolve();
  const bell = createDoorbell();
  /** In which something found no place, and may find one when others end. */
  const crowded = new Set<LaneName>();
  let isWakeSet = false;

  function wakeSoon(): void {
    if (isWakeSet) return;
    isWakeSet = true;
    setTimeout(() => {
      isWakeSet = false;
      bell.ring();
    }, GATHER_MS);
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await bell.rung(await round());
      } catch (error) {
        options.onTrouble('the outbox could not be read', error);
        await pause(TROUBLE_PAUSE_MS);
      }
    }
  }

  /** Starts what is due and has a place in its lane; returns for how long there is nothing to do. */
  async function round(): Promise<number> {
    const wereCrowded = new Set(crowded);
    crowded.clear();
    const now = parts.realNow();
    endWhatIsOver(await overNow(now));
    let nextLookMs = LONGEST_SLEEP_MS;
    const roomOf = ({ lane }: { readonly lane: LaneName }) => parts.lanes.room(lane, now);
    const due = (await store.lanes()).filter(({ nextDueAt }) => nextDueAt <= now);
    // Who does well has most places: what goes there is on its way before the others' is encrypted.
    for (const { lane } of due.sort((a, b) => roomOf(b) - roomOf(a))) {
      if (stopping) break;
      nextLookMs = Math.min(nextLookMs, nextLookIn(lane, now));
      await startDue(lane, now, wereCrowded.has(lane));
    }
    const nextDueAt = await store.nextDueAt(now);
    const nextAt = Math.min(now + nextLookMs, nextDueAt ?? Number.POSITIVE_INFINITY);
    return Math.max(0, nextAt - parts.realNow());
  }

  /** While a lane is left alone nothing that ends wakes the outbox, and what waits in it can be over before it opens. */
  function nextLookIn(lane: LaneName, now: number): number {
    const waitMs = parts.lanes.waitMs(lane, now);
    return waitMs > 0 ? Math.min(waitMs, OVER_EVERY_MS) : LONGEST_SLEEP_MS;
  }

  /** @param wasCrowded more waited in the round before than found a place */
  async function startDue(lane: LaneName, now: number, wasCrowded: boolean): Promise<void> {
    const room = Math.min(parts.lanes.room(lane, now), MOST_UNDER_WAY - underWay.size);
    const beingSent = [...underWay.values()].filter((entry) => entry.lane === lane && !entry.isSent).length;
    // Of a backlog: asking for a few rows each time one ends would cost more queries than deliveries.
    const isTooFew = room <= 0 || (wasCrowded && room < Math.min(beingSent, FEWEST_OF_A_BACKLOG));
    // Of all lanes: a row changes its lane also while it is under way in another.
    const ids = isTooFew ? [] : await store.due(lane, now, room, [...underWay.keys()]);
    if (isTooFew || ids.length === room) crowded.add(lane);
    await start(lane, ids);
  }

  async function start(lane: LaneName, ids: readonly string[]): Promise<void> {
    const begun = (await store.load(ids)).map((delivery) => ({ delivery, ...enter(lane, delivery) }));
    await inSlices(begun, HANDED_OVER_AT_ONCE, (some) => {
      for (const { delivery, entry, leave } of some) entry.done = work(delivery, entry).finally(leave);
    });
    // Before the next lane's is encrypted.
    if (begun.length > 0) await nextTurn();
  }

  function enter(lane: LaneName, { row: { id, consumer } }: DueDelivery) {
    const entry: UnderWay = { lane, consumer, isSent: false, done: Promise.resolve(), unwanted: null };
    underWay.set(id, entry);
    const freePlace = parts.lanes.enter(lane);
    const leave = (): void => {
      // Its place is free before the records know: they may be busy with others.
      entry.isSent = true;
      freePlace();
      if (crowded.has(lane)) wakeSoon();
    };
    return { entry, leave };
  }

  async function overNow(now: number): Promise<readonly DeliveryRow[]> {
    if (now - overLookedForAt < OVER_EVERY_MS) return [];
    // While the records take no results there is no end to what is over.
    if (underWay.size >= MOST_UNDER_WAY) return [];
    const over = await store.over(now, ROWS_AT_ONCE, [...underWay.keys()]);
    // There are more: looked for again in the next round.
    if (over.length < ROWS_AT_ONCE) overLookedForAt = now;
    return over;
  }

  function endWhatIsOver(over: readonly DeliveryRow[]): void {
    for (const row of over) {
      const nothing = { lane: '', isSent: true, done: Promise.resolve(), unwanted: null };
      underWay.set(row.id, { ...nothing, consumer: row.consumer });
      recorder.add(expiredResult(row));
    }
  }

  async function work(delivery: DueDelivery, entry: UnderWay): Promise<void> {
    let result: DeliveryResult;
    try {
      result = await deliver(parts, delivery, () => entry.unwanted);
    } catch (error) {
      options.onTrouble('a delivery could not be worked on', error);
      const { id } = delivery.row;
      const nothing = { channel: null, goneSubscriptions: [] };
      result = { id, ...nothing, attempted: true, kind: 'failed', reason: 'internal' };
    }
    recorder.add(result);
  }

  const recorder = createRecorder({
    store,
    domainNow: parts.domainNow,
    onTrouble: options.onTrouble,
    onRecorded(results, rows) {
      for (const { id, kind } of results) {
        totals[kind] += 1;
        underWay.delete(id);
      }
      options.onChanged(rows);
      bell.ring();
    },
  });
  const withdrawals = createWithdrawals({
    store,
    underWay,
    domainNow: parts.domainNow,
    onWithdrawn(rows) {
      totals.withdrawn += rows.length;
      options.onChanged(rows);
    },
  });

  return {
    start() {
      running = run();
    },
    async stop(graceMs) {
      stopping = true;
      bell.ring();
      await running;
      const all = Promise.all([...underWay.values()].map(({ done }) => done)).then(() => undefined);
      await Promise.race([all, pause(graceMs)]);
      await parts.stopSending();
      await all;
      await recorder.stop();
    },
    wake: bell.ring,
    recheck: withdrawals.recheck,
    withdrawAll: withdrawals.all,
    async counters() {
      const { size, oldestCreatedAt } = await store.backlog();
      const { retrying, ...rest } = totals;
      return { ...rest, retried: retrying, outboxSize: size, oldestCreatedAt };
    },
  };
}
