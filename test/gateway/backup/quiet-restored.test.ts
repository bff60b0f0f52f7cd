import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { keepRestoredConsents, quietRestored } from '../../../gateway/backup/quiet-restored.ts';
import { noteRestored } from '../../../gateway/backup/restored-note.ts';
import { listConsents, setConsent } from '../../../gateway/records/consents.ts';
import { createConsumer } from '../../../gateway/records/consumers.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { DeliveryState } from '../../../gateway/records/schema.ts';
import { NOW, temporaryFolder } from './stopped-world.ts';

const log = pino({ level: 'silent' });
const change = { actor: 'test', at: NOW };

async function restoredRecords() {
  const dir = await temporaryFolder();
  const db = openRecords(join(dir, 'wayside.db'));
  onTestFinished(() => db.destroy());
  await migrate(db);
  await createConsumer(db, 'ann', {}, change);
  const addDelivery = async (id: string, state: DeliveryState) => {
    const none = { attempts: 0, sent_at: null, delivered_at: null, shown_at: null, clicked_at: null };
    await db
      .insertInto('deliveries')
      .values({
        ...none,
        id,
        delivery_key: id,
        decision_id: 1,
        rule: 'coffee',
        consumer: 'ann',
        channel: 'web-push',
        state,
        offer_json: '{}',
        created_at: NOW,
        next_attempt_at: NOW,
        expires_at_real: NOW + 1e9,
        dismissed_at: null,
        reason: null,
        variant: null,
        campaign: null,
        code: null,
      })
      .execute();
  };
  const states = async () =>
    Object.fromEntries(
      (await db.selectFrom('deliveries').select(['id', 'state']).execute()).map(({ id, state }) => [
        id,
        state,
      ]),
    );
  return { dir, db, addDelivery, states };
}

it('a first start after a restore sends nothing that waited in the backup, nor what follows from its readings', async () => {
  const { dir, db, addDelivery, states } = await restoredRecords();
  await noteRestored(dir, { createdAt: NOW, restoredAt: NOW, withdrawn: [] });
  await addDelivery('queued', 'queued');
  await addDelivery('retrying', 'retrying');
  await addDelivery('sent', 'sent');
  await db
    .insertInto('sessions')
    .values({ token_hash: 'hash', kind: 'staff', subject: 'admin', role: 'admin', expires_at: NOW } as never)
    .execute();
  const quiet = () =>
    quietRestored({
      records: db,
      dir,
      // The engine decides on what the journal still had.
      engine: { catchUp: () => addDelivery('caught-up', 'queued') },
      now: () => NOW,
      log,
    });
  await quiet();
  expect(await states()).toEqual({
    queued: 'withdrawn',
    retrying: 'withdrawn',
    sent: 'sent',
    'caught-up': 'withdrawn',
  });
  expect(await db.selectFrom('sessions').selectAll().execute()).toEqual([]);
  expect(await readdir(dir)).not.toContain('restored.json');
  // Any other start leaves what waits alone, and asks nothing of the engine.
  await addDelivery('next', 'queued');
  await quiet();
  expect(await states()).toMatchObject({ next: 'queued' });
});

it('a consent that was withdrawn since the backup is withdrawn again, and no other', async () => {
  const { dir, db } = await restoredRecords();
  for (const purpose of ['location_offers', 'device_offers'] as const)
    await setConsent(db, 'ann', { purpose, granted: true, source: 'test' }, change);
  await noteRestored(dir, {
    createdAt: NOW,
    restoredAt: NOW,
    withdrawn: [
      { consumer: 'ann', purpose: 'location_offers' },
      { consumer: 'ann', purpose: 'health_offers' },
      { consumer: 'nobody', purpose: 'location_offers' },
    ],
  });
  await keepRestoredConsents(db, dir, NOW + 1, log);
  const consents = await listConsents(db, 'ann');
  expect(consents.find(({ purpose }) => purpose === 'location_offers')).toMatchObject({
    granted: false,
    source: 'restore',
  });
  expect(consents.find(({ purpose }) => purpose === 'device_offers')).toMatchObject({ granted: true });
  expect(consents.find(({ purpose }) => purpose === 'health_offers')?.granted ?? false).toBe(false);
});
