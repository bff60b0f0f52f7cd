import { type Kysely, sql } from 'kysely';
import { dayOfCampaign } from '../../rules/pacing/limits.ts';
import type { Rulebook } from '../../rules/rulebook.ts';
import type { Decision, Ledger } from '../../rules/step.ts';
import type { CodeSource, FreeCode } from '../records/code-source.ts';
import type { Schema } from '../records/schema.ts';
import { ALL_DAYS, addSends, countsInForce, type SendCount } from '../records/sends.ts';
import type { RecordedDecision } from './recorded-decision.ts';

/** Codes at hand of a pool; beyond them more are read. */
const CODES_AT_HAND = 500;
const UTC = { timezone: null };

/**
 * What all people together were sent, and the codes that are left, as rules ask for it while they decide. Decisions count as soon
 * as they are made; what they change is written in the transaction that writes them, so that a code is never given twice.
 */
export interface EngineLedger extends Ledger {
  start(): Promise<void>;
  /** Counts an offer that a step decided to send, and takes its code. */
  take(decision: Decision, rulebook: Rulebook): void;
  /**
   * Writes what the recorded decisions change.
   *
   * @throws where a code is not there any more: the decisions are then to be made anew
   */
  save(transaction: Kysely<Schema>, recorded: readonly RecordedDecision[]): Promise<void>;
  /** After the commit: an offer that was made before, and so was not recorded, does not count, and gives its code back. */
  saved(recorded: readonly RecordedDecision[]): void;
  /** Drops all that was not saved, and reads anew. */
  forget(): Promise<void>;
  /** Codes of these pools came or went. */
  poolsChanged(ids: readonly string[]): void;
}

interface Taken {
  /** The counts that the offer raises. */
  readonly counts: readonly Omit<SendCount, 'sent'>[];
  readonly pool: string | null;
  readonly code: FreeCode | null;
}

interface Pool {
  /** In the order in which they are given. */
  free: FreeCode[];
  /** The last that was read. */
  lastId: number;
  /** Nothing is left behind `lastId`: until there is news of the pool, the records are not asked again. */
  isDry: boolean;
}

export function createLedger(db: Kysely<Schema>, codes: CodeSource): EngineLedger {
  const sent = new Map<string, number>();
  const pools = new Map<string, Pool>();
  const taken = new Map<Decision, Taken>();

  const count = (key: string, by: number) => sent.set(key, (sent.get(key) ?? 0) + by);

  function freeCode(poolId: string, position: number): FreeCode | null {
    let pool = pools.get(poolId);
    if (pool === undefined) {
      pool = { free: [], lastId: 0, isDry: false };
      pools.set(poolId, pool);
    }
    while (position >= pool.free.length && !pool.isDry) {
      const read = codes.next(poolId, pool.lastId, CODES_AT_HAND);
      pool.free.push(...read);
      pool.lastId = read.at(-1)?.id ?? pool.lastId;
      pool.isDry = read.length < CODES_AT_HAND;
    }
    return pool.free[position] ?? null;
  }

  function takeCode(poolId: string, code: string): FreeCode | null {
    const free = pools.get(poolId)?.free ?? [];
    const position = free.findIndex((one) => one.code === code);
    return position === -1 ? null : (free.splice(position, 1)[0] ?? null);
  }

  async function load(): Promise<void> {
    for (const row of await countsInForce(db)) sent.set(keyOf(row), row.sent);
  }

  return {
    start: load,
    sentOfRule: (id) => sent.get(keyOf({ kind: 'rule', id, day: ALL_DAYS })) ?? 0,
    sentOfCampaign: (id, day) => sent.get(keyOf({ kind: 'campaign', id, day: day ?? ALL_DAYS })) ?? 0,
    code: (poolId, position) => freeCode(poolId, position)?.code ?? null,
    take(decision, rulebook) {
      if (decision.outcome.kind !== 'sent') return;
      const { code = null, codePool: pool = null } = decision.outcome.offer;
      const counts = countsOf(decision, rulebook);
      for (const one of counts) count(keyOf(one), 1);
      taken.set(decision, {
        counts,
        pool,
        code: pool === null || code === null ? null : takeCode(pool, code),
      });
    },
    async save(transaction, recorded) {
      if (taken.size === 0) return;
      const raised = new Map<string, SendCount>();
      const given = new Map<string, number>();
      for (const { decision, deliveryId } of recorded) {
        const one = taken.get(decision);
        if (one === undefined) continue;
        for (const each of one.counts) {
          const key = keyOf(each);
          raised.set(key, { ...each, sent: (raised.get(key)?.sent ?? 0) + 1 });
        }
        if (one.pool === null || deliveryId === null) continue;
        if (one.code === null || !(await giveCode(transaction, one.code, deliveryId, decision.at)))
          throw new Error(`a code of the pool ${one.pool} is not there any more`);
        given.set(one.pool, (given.get(one.pool) ?? 0) + 1);
      }
      await addSends(transaction, [...raised.values()]);
      for (const [pool, by] of given) {
        await transaction
          .updateTable('code_pools')
          .set({ given: sql`given + ${by}` })
          .where('id', '=', pool)
          .execute();
      }
    },
    saved(recorded) {
      if (taken.size === 0) return;
      for (const { decision } of recorded) taken.delete(decision);
      for (const { counts, pool, code } of taken.values()) {
        for (const one of counts) count(keyOf(one), -1);
        if (pool !== null && code !== null) pools.get(pool)?.free.push(code);
      }
      for (const { pool } of taken.values())
        if (pool !== null) pools.get(pool)?.free.sort((a, b) => a.id - b.id);
      taken.clear();
    },
    async forget() {
      sent.clear();
      pools.clear();
      taken.clear();
      await load();
    },
    poolsChanged(ids) {
      for (const id of ids) pools.delete(id);
    },
  };
}

function keyOf({ kind, id, day }: Omit<SendCount, 'sent'>): string {
  return `${kind} ${id} ${day}`;
}

/** Of its rule in all; of its campaign in all and on the day that its budget goes by. */
function countsOf({ rule, campaign, at }: Decision, rulebook: Rulebook): readonly Omit<SendCount, 'sent'>[] {
  const ofRule = { kind: 'rule', id: rule, day: ALL_DAYS } as const;
  if (campaign === undefined) return [ofRule];
  const today = dayOfCampaign(rulebook.campaign(campaign) ?? UTC, at);
  return [ofRule, ...[ALL_DAYS, today].map((day) => ({ kind: 'campaign', id: campaign, day }) as const)];
}

/** Whether the code was still free. */
async function giveCode(
  transaction: Kysely<Schema>,
  code: FreeCode,
  deliveryId: string,
  at: number,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('codes')
    .set({ delivery_id: deliveryId, given_at: at })
    .where('id', '=', code.id)
    .where('code', '=', code.code)
    .where('delivery_id', 'is', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
