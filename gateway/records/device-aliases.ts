import { type Kysely, sql } from 'kysely';
import { type Aliases, dialectOf } from '../../broker/dialects.ts';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { wordsOfDevice } from './audit-names.ts';
import type { Schema } from './schema.ts';

/** A device has one, or one in each dialect; a few more for a phone that changes its name. */
const MOST_ALIASES_A_DEVICE = 20;
/** Devices behind one edge node; all come with its login. */
const MOST_BEHIND_A_SPEAKER = 500;

export interface DeviceAlias {
  readonly alias: string;
  /** Name of the dialect. */
  readonly dialect: string;
}

/** What was changed, and whose connections know an outdated list of aliases now. */
export interface AliasChange {
  readonly outdated: readonly string[];
}

/** @throws WaysideError `not_found` where there is no such device */
export async function listAliases(db: Kysely<Schema>, deviceId: string): Promise<DeviceAlias[]> {
  await requireDevice(db, deviceId);
  const rows = await db
    .selectFrom('device_aliases')
    .select('alias')
    .where('device_id', '=', deviceId)
    .orderBy('alias')
    .execute();
  return rows.map(({ alias }) => ({ alias, dialect: dialectOf(alias)?.name ?? '' }));
}

/**
 * Registers a device under its name in a dialect. Again under the same name: nothing changes.
 *
 * @param alias checked by its dialect (see broker/codecs/dialect.ts)
 * @throws WaysideError `not_found`, `already_exists` where another device has it, `too_many_aliases`
 */
export async function addAlias(
  db: Kysely<Schema>,
  deviceId: string,
  alias: string,
  change: Change,
): Promise<AliasChange> {
  return db.transaction().execute(async (trx) => {
    await requireDevice(trx, deviceId);
    const before = await trx
      .selectFrom('device_aliases')
      .select('device_id')
      .where('alias', '=', alias)
      .executeTakeFirst();
    if (before?.device_id === deviceId) return { outdated: [] };
    if (before !== undefined)
      throw new WaysideError('already_exists', `"${alias}" is device "${before.device_id}" already`);
    const speaker = speakerOf(alias);
    await requireRoom(trx, 'device_id', deviceId, MOST_ALIASES_A_DEVICE);
    if (speaker !== null) await requireRoom(trx, 'speaker', speaker, MOST_BEHIND_A_SPEAKER);
    await trx.insertInto('device_aliases').values({ alias, device_id: deviceId, speaker }).execute();
    await writeAudit(trx, change, 'device.alias_added', deviceId, { alias: wordsOfDevice(deviceId, alias) });
    return { outdated: await knowing(trx, deviceId, speaker) };
  });
}

/** @throws WaysideError `not_found` where the device does not have that alias */
export async function removeAlias(
  db: Kysely<Schema>,
  deviceId: string,
  alias: string,
  change: Change,
): Promise<AliasChange> {
  return db.transaction().execute(async (trx) => {
    const removed = await trx
      .deleteFrom('device_aliases')
      .where('alias', '=', alias)
      .where('device_id', '=', deviceId)
      .returning('speaker')
      .executeTakeFirst();
    if (removed === undefined)
      throw new WaysideError('not_found', `device "${deviceId}" has no alias "${alias}"`);
    await writeAudit(trx, change, 'device.alias_removed', deviceId, {
      alias: wordsOfDevice(deviceId, alias),
    });
    return { outdated: await knowing(trx, deviceId, removed.speaker) };
  });
}

/** The device that is registered under the first of these aliases that is registered at all, or null. */
export async function deviceOfAliases(
  db: Kysely<Schema>,
  aliases: readonly string[],
): Promise<string | null> {
  if (aliases.length === 0) return null;
  const rows = await db
    .selectFrom('device_aliases')
    .select(['alias', 'device_id'])
    .where('alias', 'in', aliases)
    .execute();
  const first = aliases.find((alias) => rows.some((row) => row.alias === alias));
  return rows.find(({ alias }) => alias === first)?.device_id ?? null;
}

/** For a login's one statement: all that a device may publish as, as JSON `[[alias, device id]]`. */
export const aliasesOfLogin = sql<string | null>`(
  select json_group_array(json_array(alias, device_id)) from device_aliases
  where device_id = devices.id
    or speaker in (select own.alias from device_aliases as own where own.device_id = devices.id))`;

/** Reads what `aliasesOfLogin` gave; undefined where it is none. */
export function readAliases(json: string | null): Aliases | undefined {
  const entries = JSON.parse(json ?? '[]') as [string, string][];
  return entries.length === 0 ? undefined : new Map(entries);
}

/** The alias of whoever publishes for this one: the edge node's for a device behind it; null where it publishes itself. */
function speakerOf(alias: string): string | null {
  const speaker = alias.slice(0, alias.lastIndexOf('/'));
  return dialectOf(alias)?.isAlias(speaker) === true ? speaker : null;
}

async function knowing(trx: Kysely<Schema>, deviceId: string, speaker: string | null): Promise<string[]> {
  const behind = speaker === null ? null : await deviceOfAliases(trx, [speaker]);
  return behind === null || behind === deviceId ? [deviceId] : [deviceId, behind];
}

async function requireRoom(
  trx: Kysely<Schema>,
  column: 'device_id' | 'speaker',
  value: string,
  most: number,
): Promise<void> {
  const { count } = await trx
    .selectFrom('device_aliases')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where(column, '=', value)
    .executeTakeFirstOrThrow();
  if (count >= most) throw new WaysideError('too_many_aliases', `"${value}" has ${most} already`);
}

async function requireDevice(db: Kysely<Schema>, id: string): Promise<void> {
  const row = await db.selectFrom('devices').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no device "${id}"`);
}
