import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { createDoorbell } from '../doorbell.ts';
import { inChunks } from '../records/chunks.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import type { Schema } from '../records/schema.ts';
import { deletingSecurely } from '../records/secure-delete.ts';
import type { ExpiryLimit, Outdated, Removal, TelemetryStore } from '../telemetry/telemetry-store.ts';
import { createPositionRetention } from './position-retention.ts';
import type { TelemetryWriter } from './telemetry-writer.ts';

const DAY_MS = 86_400_000;
/**
 * What is too old goes once a day, at a start, and when a device type keeps its readings for another time: DuckDB writes its
 * whole file anew for it.
 */
const EXPIRE_EVERY_MS = DAY_MS;
const LOOK_EVERY_MS = 60_000;
const LOOK_SOON_MS = 2_000;
/** Erasures that come within this time are done as one. */
const GATHER_MS = 200;
/** Device keys that a limit names at a time. */
const KEYS_A_LIMIT = 10_000;

/** Removes from the telemetry store what is to be erased or has grown too old, beside everything else. */
export interface TelemetryUpkeep {
  start(): void;
  stop(): Promise<void>;
  /** An erasure was requested. Resolves true once its points are gone, false where that takes longer than `withinMs`. */
  erased(deviceKey: string, withinMs: number): Promise<boolean>;
}

export interface TelemetryUpkeepParts {
  readonly db: Kysely<Schema>;
  readonly store: TelemetryStore;
  readonly writer: TelemetryWriter;
  readonly clock: Clock;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  /** How far the engine has committed. */
  readonly engineSeq: () => number;
  /** How many days positions are kept; 0: for ever. */
  readonly positionDays: number;
  readonly log: Logger;
}

export function createTelemetryUpkeep(parts: TelemetryUpkeepParts): TelemetryUpkeep {
  const { db, store, writer, clock, realNow, log } = parts;
  const retention = createPositionRetention({ db, store, clock, realNow, days: parts.positionDays });
  const work = createDoorbell();
  const waiting = new Map<string, () => void>();
  /** By device key: ends the leaving out. */
  const leftOut = new Map<string, () => void>();
  let stopping = false;
  let running: Promise<void> = Promise.resolve();
  let trouble: string | null = null;
  /** Some erasure is not through yet. */
  let isErasing = false;
  /** What device types keep for a time only, as it was looked at last. */
  let asked = '';
  let expired = { asked: '', at: Number.NEGATIVE_INFINITY };

  /** Device keys whose points are to go. */
  async function toErase(): Promise<readonly string[]> {
    const rows = await db
      .selectFrom('device_erasures')
      .select('device_key')
      .where('telemetry_gone', '=', 0)
      // Before the engine has forgotten it, points of it may still come.
      .where('up_to_seq', 'is not', null)
      .execute();
    const keys = rows.map((row) => row.device_key);
    isErasing ||= keys.length > 0;
    // Each for itself: readings of one may still be on their way when those of another are through.
    await Promise.all(keys.map(async (key) => leftOut.set(key, await writer.leaveOut(key))));
    return keys;
  }

  async function erase(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const removal = await store.erase(keys);
    tellImpossible(removal, `${keys.length} devices were removed`);
    for (const chunk of inChunks(keys)) {
      await db
        .updateTable('device_erasures')
        .set({ telemetry_gone: 1 })
        .where('device_key', 'in', chunk)
        .execute();
    }
    log.info({ store: store.name, devices: keys.length }, 'telemetry of removed devices is erased');
    for (const key of keys) {
      waiting.get(key)?.();
      waiting.delete(key);
    }
  }

  /** Erasures that nothing in the journal speaks of any more need not be remembered. */
  async function tidy(): Promise<void> {
    const passed = Math.min(parts.engineSeq(), writer.storedSeq);
    await db
      .transaction()
      .execute((trx) =>
        deletingSecurely(trx, () =>
          trx
            .deleteFrom('device_erasures')
            .where('telemetry_gone', '=', 1)
            .where('sessions_gone', '=', 1)
            .where('journal_gone', '=', 1)
            .where('up_to_seq', '<=', passed)
            .execute(),
        ),
      );
    const left = await db.selectFrom('device_erasures').select('device_key').execute();
    const remembered = new Set(left.map(({ device_key }) => device_key));
    for (const [key, end] of leftOut) {
      if (remembered.has(key)) continue;
      end();
      leftOut.delete(key);
    }
    isErasing = left.length > 0;
  }

  /** What device types keep for a time only, where it is time to look. */
  async function toExpire(): Promise<Outdated> {
    const kept = (await listDeviceTypes(db)).flatMap(({ id, retentionDays }) =>
      retentionDays === undefined ? [] : [{ type: id, retentionDays }],
    );
    asked = JSON.stringify(kept);
    const isTime = asked !== expired.asked || realNow() - expired.at >= EXPIRE_EVERY_MS;
    return {
      readings: isTime ? await expiryLimits(db, kept, clock.now()) : [],
      positionsBefore: await retention.due(),
    };
  }

  async function expire(outdated: Outdated): Promise<void> {
    const { readings, positionsBefore } = outdated;
    if (readings.length > 0 || positionsBefore !== null) {
      const removal = await store.expire(outdated);
      tellImpossible(removal, 'readings or positions are older than they are kept');
      if (positionsBefore !== null) {
        retention.cleared(positionsBefore);
        if (removal.kind === 'removed')
          log.info({ store: store.name, before: positionsBefore }, 'positions that were too old are cleared');
      }
    }
    if (asked !== expired.asked || readings.length > 0) expired = { asked, at: realNow() };
    const messages = await retention.clearQuarantine();
    if (messages > 0) log.info({ messages }, 'quarantined messages that were too old are deleted');
  }

  function tellImpossible(removal: Removal, what: string): void {
    if (removal.kind === 'impossible') log.warn({ store: store.name, reason: removal.message }, what);
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        const keys = await toErase();
        const outdated = await toExpire();
        // Together, so that they share a rewrite of the file where both are due.
        await Promise.all([erase(keys), expire(outdated)]);
        await tidy();
        trouble = null;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (trouble === null && !stopping)
          log.warn({ store: store.name, reason }, 'telemetry could not be removed; it is tried again');
        trouble = reason;
      }
      if (stopping) return;
      const isBusy = retention.isWaiting || isErasing;
      if (await work.rung(isBusy ? LOOK_SOON_MS : LOOK_EVERY_MS))
        await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    }
  }

  return {
    start() {
      running = run();
    },
    async stop() {
      stopping = true;
      work.ring();
      await running;
    },
    erased(deviceKey, withinMs) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => {
        waiting.delete(deviceKey);
        resolve(false);
      }, withinMs);
      waiting.set(deviceKey, () => {
        clearTimeout(timer);
        resolve(true);
      });
      work.ring();
      return promise;
    },
  };
}

/** A limit for each device type that has one. `now`: domain time, by which readings are dated. */
async function expiryLimits(
  db: Kysely<Schema>,
  kept: readonly { readonly type: string; readonly retentionDays: number }[],
  now: number,
): Promise<readonly ExpiryLimit[]> {
  const limits: ExpiryLimit[] = [];
  for (const { type, retentionDays } of kept) {
    const rows = await db.selectFrom('devices').select('device_key').where('type', '=', type).execute();
    const keys = rows.map((row) => row.device_key);
    const before = now - retentionDays * DAY_MS;
    for (let start = 0; start < keys.length; start += KEYS_A_LIMIT)
      limits.push({ deviceKeys: keys.slice(start, start + KEYS_A_LIMIT), before });
  }
  return limits;
}
