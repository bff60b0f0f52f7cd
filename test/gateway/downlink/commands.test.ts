import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeviceLink, LinkOutcome } from '../../../broker/device-link.ts';
import { nativeForm } from '../../../gateway/downlink/command-form.ts';
import { Commands } from '../../../gateway/downlink/commands.ts';
import { ensureDeviceTypes } from '../../../gateway/records/device-types.ts';
import { createDevice } from '../../../gateway/records/devices.ts';
import { migrate } from '../../../gateway/records/migrate.ts';
import { openRecords } from '../../../gateway/records/open.ts';
import type { Schema } from '../../../gateway/records/schema.ts';
import { eventually } from '../../support/gateway.ts';

const CHANGE = { actor: 'admin', at: 0 };
let dir: string;
let db: Kysely<Schema>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wayside-commands-'));
  db = openRecords(join(dir, 'wayside.db'));
  await migrate(db);
  await ensureDeviceTypes(db);
  const device = { id: 'a', type: 'car', consumerId: null, deviceKey: 'key', token: 'token' };
  await createDevice(db, device, CHANGE);
});
afterEach(async () => {
  await db.destroy();
  await rm(dir, { recursive: true, force: true });
});

/** A connection that takes commands; `got` are the names of those that it was sent. */
function connection() {
  const got: string[] = [];
  const open: ((outcome: LinkOutcome) => void)[] = [];
  const link: DeviceLink = {
    principal: { kind: 'device', id: 'a' },
    clientId: 'c',
    subscriptions: () => new Map([['devices/a/commands', 1]]),
    lastHeardAt: () => 0,
    send({ payload }) {
      got.push(JSON.parse(String(payload)).name);
      return new Promise((resolve) => open.push(resolve));
    },
  };
  return { link, got, acknowledge: () => open.shift()?.('acknowledged') };
}

it('a device that comes back right after it acknowledged some is sent the others', async () => {
  const commands = new Commands({
    records: db,
    log: pino({ level: 'silent' }),
    realNow: () => 1_000,
    forms: [nativeForm],
    elsewhere: () => null,
    toOthers: () => undefined,
    onChanged: () => undefined,
  });
  await commands.start();
  const names = Array.from({ length: 20 }, (_, n) => `c${n}`);
  for (const name of names)
    await commands.give({ id: name, device: 'a', name, args: {}, expiresAt: 1_000_000 }, CHANGE);
  const first = connection();
  commands.subscribed(first.link);
  await eventually('the first ones', 20_000, async () => (first.got.length === 8 ? true : undefined));
  commands.closed(first.link);
  for (let n = 0; n < 8; n += 1) first.acknowledge();
  // That they were acknowledged is noted a moment later.
  const second = connection();
  await Promise.resolve();
  commands.subscribed(second.link);
  await eventually('all others', 20_000, async () => {
    second.acknowledge();
    return second.got.length === 12 ? true : undefined;
  });
  expect(second.got).toEqual(names.slice(8));
  await commands.stop();
});
