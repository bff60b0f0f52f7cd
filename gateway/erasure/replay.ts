import type { Kysely } from 'kysely';
import { removeConsumer } from '../records/consumer-erasures.ts';
import { removeDevice } from '../records/device-erasures.ts';
import { replayedUpTo, setReplayed } from '../records/erasure-marks.ts';
import type { Schema } from '../records/schema.ts';
import type { ErasureLedger } from './ledger.ts';

const ROWS_A_PAGE = 5_000;

/** Who stands in the audit log for what is erased again. */
const ACTOR = 'restore';

/** How many were in the records that had been erased. */
export interface Replayed {
  readonly consumers: number;
  readonly devices: number;
}

const NONE: Replayed = { consumers: 0, devices: 0 };

/**
 * Erases whom the ledger names and the records have all the same: a backup was restored, or an erasure was noted and not begun.
 * Records that have been through the whole ledger are not looked at. To be run before anything is served.
 *
 * @param now domain time, epoch ms
 * @throws WaysideError `data_dir_damaged` where the ledger can't be read
 */
export async function replayErasures(
  db: Kysely<Schema>,
  ledger: ErasureLedger,
  now: number,
): Promise<Replayed> {
  const last = await ledger.last();
  if (last === null || last === (await replayedUpTo(db))) return NONE;
  const change = { actor: ACTOR, at: now };
  let { consumers, devices } = NONE;
  for await (const digests of ledger.digests()) {
    for await (const { id, createdAt } of allConsumers(db)) {
      if (!digests.has(ledger.digestOf({ kind: 'consumer', id, createdAt }))) continue;
      await removeConsumer(db, id, change);
      consumers += 1;
    }
    for await (const { id, key } of allDevices(db)) {
      if (!digests.has(ledger.digestOf({ kind: 'device', key }))) continue;
      await removeDevice(db, id, change);
      devices += 1;
    }
  }
  await setReplayed(db, last);
  return { consumers, devices };
}

const allConsumers = (db: Kysely<Schema>) =>
  pageByPage((after) =>
    db
      .selectFrom('consumers')
      .select(['id', 'created_at as createdAt'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(ROWS_A_PAGE)
      .execute(),
  );

const allDevices = (db: Kysely<Schema>) =>
  pageByPage((after) =>
    db
      .selectFrom('devices')
      .select(['id', 'device_key as key'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(ROWS_A_PAGE)
      .execute(),
  );

/** @param read a page in the order of ids, of those after one */
async function* pageByPage<Row extends { readonly id: string }>(
  read: (after: string) => Promise<readonly Row[]>,
): AsyncGenerator<Row, void> {
  for (let after = ''; ; ) {
    const rows = await read(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
