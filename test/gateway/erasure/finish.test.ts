import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFinisher, type Finisher } from '../../../gateway/erasure/finish.ts';
import { removeConsumer } from '../../../gateway/records/consumer-erasures.ts';
import { createConsumer } from '../../../gateway/records/consumers.ts';
import { removeDevice } from '../../../gateway/records/device-erasures.ts';
import { ensureDeviceTypes } from '../../../gateway/records/device-types.ts';
import { createDevice } from '../../../gateway/records/devices.ts';
import { rewriteWhereDue } from '../../../gateway/records/erasure-marks.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';

const CHANGE = { actor: 'test', at: 1_000 };
const WAIT_MS = 20_000;

let directory: string;
let db: Kysely<Schema>;
let finisher: Finisher;
const erase = vi.fn(async () => undefined);
const rewrite = vi.fn(async () => undefined);
const log = { error: vi.fn(), warn: vi.fn() };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wayside-finish-'));
  db = openRecords(join(directory, 'wayside.db'));
  await migrate(db);
  await ensureDeviceTypes(db);
  await rewriteWhereDue(db, log);
  vi.clearAllMocks();
  finisher = createFinisher({ db, journal: { erase }, sessions: { rewrite }, log, realNow: Date.now });
});
afterEach(async () => {
  await finisher.stop();
  await db.destroy();
  await rm(directory, { recursive: true });
});

async function removeCar(): Promise<void> {
  const car = { id: 'car', type: 'car', consumerId: null, deviceKey: 'key', token: 'token' };
  await createDevice(db, car, CHANGE);
  await removeDevice(db, 'car', CHANGE);
  await db.updateTable('device_erasures').set({ up_to_seq: 7, telemetry_gone: 1 }).execute();
}
const isRewritten = async () => {
  const marks = await db.selectFrom('erasure_marks').select('name').where('name', '=', 'rewritten').execute();
  return marks.length > 0;
};

describe('an erasure that fails on its way', () => {
  it('is told to the operator once, is gone on with, and overwrites the files all the same', async () => {
    await finisher.until(({ isSwept }) => isSwept, WAIT_MS);
    expect(rewrite).toHaveBeenCalledTimes(1);
    await removeCar();
    erase.mockRejectedValueOnce(new Error('disk full')).mockRejectedValueOnce(new Error('disk full'));

    const progress = await finisher.until(() => false, 0);
    await finisher.until(() => false, 0);

    expect(progress).toEqual({ consumers: new Set(), devices: new Map([['key', true]]), isSwept: false });
    // As the engine does once it is through: what is left to do now looks as it did before the removal.
    await db.deleteFrom('device_erasures').execute();
    await vi.waitFor(() => expect(rewrite).toHaveBeenCalledTimes(2), { timeout: WAIT_MS });
    expect(log.error).toHaveBeenCalledTimes(1);
    expect(await isRewritten()).toBe(true);
  });
});

describe('records out of which somebody was removed', () => {
  it.each(['device', 'person'])(
    'are written anew by the next start where nobody came to it (%s)',
    async (what) => {
      if (what === 'device') await removeCar();
      else {
        await createConsumer(db, 'ann', {}, CHANGE);
        await removeConsumer(db, 'ann', CHANGE);
      }
      expect(await isRewritten()).toBe(false);
      await rewriteWhereDue(db, log);
      expect(await isRewritten()).toBe(true);
      expect(log.warn).not.toHaveBeenCalled();
    },
  );
});
