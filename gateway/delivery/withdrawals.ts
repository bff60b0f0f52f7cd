import { inChunks } from '../records/chunks.ts';
import type { DeliveryRow } from './due-facts.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { DeliveryResult } from './results.ts';
import { withdrawalReason } from './send-check.ts';

/** Takes back what waits and may not go out any more, before its turn comes. */
export interface Withdrawals {
  /** What waits for these people, as far as something forbids it now. Returns once it is recorded. */
  recheck(consumers: readonly string[]): Promise<void>;
  /** Everything that waits. */
  all(reason: string): Promise<void>;
}

/** A delivery that is just being sent: it can't be called back, only kept from another try. */
export interface Sending {
  readonly consumer: string;
  /** Why it must not go out after all, or null. */
  unwanted: string | null;
}

export interface WithdrawalParts {
  readonly store: Pick<OutboxStore, 'waiting' | 'waitingFor' | 'load' | 'record'>;
  /** By delivery id. */
  readonly underWay: ReadonlyMap<string, Sending>;
  readonly domainNow: () => number;
  /** Told of those alone that were withdrawn: others were faster. */
  readonly onWithdrawn: (rows: readonly DeliveryRow[]) => void;
}

/** More than wait for anybody: caps leave a person a few a day. What lies beyond is looked at when its turn comes. */
const MOST_RECHECKED = 10_000;
/** In one transaction, which takes some milliseconds. */
const ROWS_AT_ONCE = 500;

export function createWithdrawals({ store, underWay, domainNow, onWithdrawn }: WithdrawalParts): Withdrawals {
  function keepBack(id: string, reason: string): void {
    const sending = underWay.get(id);
    if (sending !== undefined) sending.unwanted = reason;
  }

  async function withdraw(reasons: ReadonlyMap<string, string>): Promise<void> {
    for (const [id, reason] of reasons) keepBack(id, reason);
    const results = [...reasons].map(([id, reason]): DeliveryResult => {
      return { id, channel: null, attempted: false, goneSubscriptions: [], kind: 'withdrawn', reason };
    });
    const rows = await store.record(results, domainNow());
    onWithdrawn(rows.filter(({ state }) => state === 'withdrawn'));
  }

  async function recheckSome(consumers: readonly string[]): Promise<void> {
    const concerned = new Set(consumers);
    const beingSent = [...underWay].filter(([, { consumer }]) => concerned.has(consumer)).map(([id]) => id);
    const waiting = await store.waitingFor(consumers, MOST_RECHECKED);
    for (const ids of inChunks([...new Set([...beingSent, ...waiting])])) {
      const rowless = new Set(ids);
      const reasons = new Map<string, string>();
      for (const { row, facts } of await store.load(ids)) {
        rowless.delete(row.id);
        const reason = withdrawalReason(facts, domainNow());
        // Quiet hours may be over when it is tried again.
        if (reason !== null && reason !== 'quiet_hours') reasons.set(row.id, reason);
      }
      // Their rows went with the person.
      for (const id of rowless) keepBack(id, 'consumer_erased');
      if (reasons.size > 0) await withdraw(reasons);
    }
  }

  return {
    async recheck(consumers) {
      for (const some of inChunks(consumers)) await recheckSome(some);
    },
    async all(reason) {
      for (const sending of underWay.values()) sending.unwanted = reason;
      for (
        let ids = await store.waiting(ROWS_AT_ONCE);
        ids.length > 0;
        ids = await store.waiting(ROWS_AT_ONCE)
      )
        await withdraw(new Map(ids.map((id) => [id, reason])));
    },
  };
}
