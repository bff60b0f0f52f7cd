import type { Kysely } from 'kysely';
import { suggestion } from '../../rules/document/nearest-name.ts';
import { parseRule } from '../../rules/document/rule.ts';
import { BUILT_IN_DEVICE_TYPES, type DeviceType, parseDeviceType } from '../../rules/readings/device-type.ts';
import { type Problem, WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { rulesInForce } from './rules-in-force.ts';
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

/** @throws WaysideError `unknown_device_type`, with the nearest name */
export async function requireDeviceType(db: Kysely<Schema>, id: string): Promise<void> {
  const rows = await db.selectFrom('device_types').select('id').orderBy('id').execute();
  const known = rows.map((row) => row.id);
  if (!known.includes(id)) throw unknownDeviceType(id, known);
}

export function unknownDeviceType(id: string, known: readonly string[]): WaysideError {
  const shown = known.slice(0, 50).join(', ');
  return new WaysideError('unknown_device_type', `"${id}"; there are ${shown}.${suggestion(id, known)}`);
}

/** @throws WaysideError `not_found` */
export async function getDeviceType(db: Kysely<Schema>, id: string): Promise<DeviceType> {
  const found = (await listDeviceTypes(db)).find((type) => type.id === id);
  if (found === undefined) throw new WaysideError('not_found', `there is no device type "${id}"`);
  return found;
}

/**
 * Saves a type in the place of the one of the same id.
 *
 * @returns whether it is new
 * @throws WaysideError `type_in_use` where a rule that is live or paused would not be understood any more, with its problems
 */
export async function saveDeviceType(db: Kysely<Schema>, type: DeviceType, change: Change): Promise<boolean> {
  const before = await listDeviceTypes(db);
  const others = before.filter((other) => other.id !== type.id);
  await refuseBrokenRules(db, before, [...others, type]);
  return db.transaction().execute(async (trx) => {
    const document_json = JSON.stringify(type);
    await trx
      .insertInto('device_types')
      .values({ id: type.id, document_json })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ document_json }))
      .execute();
    await writeAudit(trx, change, 'device-type.saved', type.id);
    return others.length === before.length;
  });
}

/** @throws WaysideError `not_found`; `type_in_use` by a device, a fleet key or a rule; `wrong_state` for a built-in one */
export async function deleteDeviceType(db: Kysely<Schema>, id: string, change: Change): Promise<void> {
  const before = await listDeviceTypes(db);
  if (!before.some((type) => type.id === id))
    throw new WaysideError('not_found', `there is no device type "${id}"`);
  if (BUILT_IN_DEVICE_TYPES.some((type) => type.id === id))
    throw new WaysideError('wrong_state', `"${id}" is built in: it can be changed, and not removed`);
  await refuseBrokenRules(
    db,
    before,
    before.filter((type) => type.id !== id),
  );
  await db.transaction().execute(async (trx) => {
    const device = await trx.selectFrom('devices').select('id').where('type', '=', id).executeTakeFirst();
    if (device !== undefined)
      throw new WaysideError('type_in_use', `device "${device.id}" is of the type "${id}"`);
    const key = await trx
      .selectFrom('fleet_keys')
      .select('id')
      .where('device_type', '=', id)
      .executeTakeFirst();
    if (key !== undefined)
      throw new WaysideError('type_in_use', `the fleet key "${key.id}" makes devices of the type "${id}"`);
    await trx.deleteFrom('device_types').where('id', '=', id).execute();
    await writeAudit(trx, change, 'device-type.deleted', id);
  });
}

/**
 * A rule is checked against the types, so that a change of these could silence it: that is refused, and said. Before the transaction of
 * the change: with thousands of rules it takes seconds, for which nobody may wait.
 */
async function refuseBrokenRules(
  db: Kysely<Schema>,
  before: readonly DeviceType[],
  after: readonly DeviceType[],
): Promise<void> {
  const problems: Problem[] = [];
  for await (const { id, document } of rulesInForce(db)) {
    const parsed = parseRule(document, { deviceTypes: after });
    if (parsed.ok || !parseRule(document, { deviceTypes: before }).ok) continue;
    for (const { path, message } of parsed.problems) problems.push({ path: `rule ${id}: ${path}`, message });
  }
  const [first] = problems;
  if (first === undefined) return;
  throw new WaysideError('type_in_use', `${first.path} ${first.message}`, { problems });
}
