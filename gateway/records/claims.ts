import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { consumerName } from './audit-names.ts';
import { deviceRow } from './devices.ts';
import type { Schema } from './schema.ts';

/**
 * Keeps a one-time code for a device, in the place of an earlier one, and forgets those that are over.
 *
 * @param codeHash keyed hash of the code: codes are short enough to be guessed from a plain one
 * @param times real time, epoch ms
 * @throws WaysideError `not_found`, `already_claimed` where the device has an owner
 */
export async function createClaimCode(
  db: Kysely<Schema>,
  deviceId: string,
  codeHash: string,
  times: { readonly now: number; readonly expiresAt: number },
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const device = await deviceRow(trx, deviceId);
    if (device.consumer_id !== null) {
      throw new WaysideError('already_claimed', `"${deviceId}" has an owner, who has to give it up first`);
    }
    await trx.deleteFrom('claim_codes').where('expires_at', '<=', times.now).execute();
    await trx
      .insertInto('claim_codes')
      .values({ device_id: deviceId, code_hash: codeHash, expires_at: times.expiresAt })
      .onConflict((conflict) =>
        conflict.column('device_id').doUpdateSet({ code_hash: codeHash, expires_at: times.expiresAt }),
      )
      .execute();
    await writeAudit(trx, change, 'device.claim_code_made', deviceId, { expiresAt: times.expiresAt });
  });
}

/**
 * Uses a code up, and links its device to a consumer. Two who try at once: one of them gets it.
 *
 * @param now real time, epoch ms
 * @returns id and type of the device
 * @throws WaysideError `bad_claim_code`, also where the device has got an owner since
 */
export async function claimDevice(
  db: Kysely<Schema>,
  codeHash: string,
  consumerId: string,
  now: number,
  change: Change,
): Promise<{ readonly id: string; readonly type: string }> {
  return db.transaction().execute(async (trx) => {
    const code = await trx
      .deleteFrom('claim_codes')
      .where('code_hash', '=', codeHash)
      .where('expires_at', '>', now)
      .returning('device_id')
      .executeTakeFirst();
    const device =
      code === undefined
        ? undefined
        : await trx
            .updateTable('devices')
            .set({ consumer_id: consumerId, linked_at: change.at })
            .where('id', '=', code.device_id)
            .where('consumer_id', 'is', null)
            .returning(['id', 'type'])
            .executeTakeFirst();
    if (device === undefined) throw new WaysideError('bad_claim_code', 'the code opens nothing');
    await writeAudit(trx, change, 'device.claimed', device.id, { to: consumerName(consumerId) });
    return device;
  });
}

/** Unlinks a device from the consumer who gives it up. @throws WaysideError `not_found` where it is not theirs */
export async function releaseDevice(
  db: Kysely<Schema>,
  deviceId: string,
  consumerId: string,
  change: Change,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const released = await trx
      .updateTable('devices')
      .set({ consumer_id: null })
      .where('id', '=', deviceId)
      .where('consumer_id', '=', consumerId)
      .returning('id')
      .executeTakeFirst();
    if (released === undefined) throw new WaysideError('not_found', `you have no device "${deviceId}"`);
    await writeAudit(trx, change, 'device.released', deviceId, { from: consumerName(consumerId) });
  });
}
