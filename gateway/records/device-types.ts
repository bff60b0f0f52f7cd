import type { Kysely } from 'kysely';
import { BUILT_IN_DEVICE_TYPES, type DeviceType, parseDeviceType } from '../../rules/device-type.ts';
import { WaysideError } from '../errors.ts';
import type { Schema } from './schema.ts';

/** Saves the built-in types that are not there yet. One that was changed stays as it is. */
export async function ensureDeviceTypes(db: Kysely<Schema>): Promise<void> {
  await db
    .insertInto('device_types')
    .values(BUILT_IN_DEVICE_TYPES.map((type) => ({ id: type.id, document_json: JSON.stringify(type) })))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** @throws WaysideError `data_dir_damaged` where a saved type is not understood */
export async function listDeviceTypes(db: Kysely<Schema>): Promise<readonly DeviceType[]> {
  const rows = await db.selectFrom('device_types').selectAll().orderBy('id').execute();
  return rows.map((row) => {
    const parsed = parseDeviceType(JSON.parse(row.document_json));
    if (parsed.ok) return parsed.value;
    const found = parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw new WaysideError('data_dir_damaged', `device type "${row.id}": ${found}`);
  });
}
