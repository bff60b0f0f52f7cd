import { type Kysely, type Selectable, sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import type { Schema } from './schema.ts';
import { matchesVersion, type VersionMatch } from './version-match.ts';

/** A configuration: settings, and the version that they are. */
export type VersionedConfig = Readonly<Record<string, unknown>> & { readonly version: number };

/** What a device is to be set to, and what it says that it is. All times are real time, epoch ms. */
export interface DeviceConfig {
  readonly device: string;
  readonly desired: VersionedConfig | null;
  readonly updatedAt: number | null;
  readonly reported: Readonly<Record<string, unknown>> | null;
  readonly reportedAt: number | null;
  /** 0 before the first one. */
  readonly desiredVersion: number;
  readonly reportedVersion: number | null;
  /** Whether the device applied what is desired, without an error. */
  readonly inSync: boolean;
}

/** What the caller takes the present version to be. */
export interface ConfigExpectation extends VersionMatch {
  /** Number of the new version; it must be above the present one. */
  readonly version?: number | undefined;
}

/** What a device says that it applied. */
export interface ReportToKeep {
  readonly deviceId: string;
  readonly version: number;
  readonly report: Readonly<Record<string, unknown>>;
}

/** Largest version that is a safe integer on every firmware's JSON parser. */
export const MAX_CONFIG_VERSION = 2 ** 31 - 1;

type Row = Selectable<Schema['device_configs']>;

function configOf(device: string, row: Row | undefined): DeviceConfig {
  const desired = parsed(row?.desired_json) as VersionedConfig | null;
  const reported = parsed(row?.reported_json);
  const reportedVersion = row?.reported_version ?? null;
  return {
    device,
    desired,
    updatedAt: row?.updated_at ?? null,
    reported,
    reportedAt: row?.reported_at ?? null,
    desiredVersion: row?.version ?? 0,
    reportedVersion,
    inSync: desired !== null && reportedVersion === desired.version && reported?.status !== 'error',
  };
}

function parsed(json: string | null | undefined): Readonly<Record<string, unknown>> | null {
  return json === null || json === undefined ? null : JSON.parse(json);
}

/** @throws WaysideError `not_found` for an unknown device */
export async function getDeviceConfig(db: Kysely<Schema>, device: string): Promise<DeviceConfig> {
  const row = await configRow(db, device);
  if (row === undefined) await requireDevice(db, device);
  return configOf(device, row);
}

/**
 * Sets what a device is to be set to. The same version with the same content again changes nothing.
 *
 * @param settings without a version, which is added
 * @throws WaysideError `not_found`, `config_changed` (If-Match), `config_conflict` (a version that is not newer)
 */
export async function setDesiredConfig(
  db: Kysely<Schema>,
  device: string,
  settings: Readonly<Record<string, unknown>>,
  expected: ConfigExpectation,
  now: number,
  change: Change,
): Promise<{ readonly config: DeviceConfig; readonly changed: boolean }> {
  return db.transaction().execute(async (trx) => {
    await requireDevice(trx, device);
    const row = await configRow(trx, device);
    const current = row?.version ?? 0;
    requireMatch(expected, current, row !== undefined && row.desired_json !== null);
    const version = expected.version ?? current + 1;
    const desired_json = JSON.stringify({ version, ...settings });
    if (version === current && row?.desired_json === desired_json) {
      return { config: configOf(device, row), changed: false };
    }
    if (version <= current) {
      throw new WaysideError(
        'config_conflict',
        `version ${version} is not newer than the present one, ${current}; send ${current + 1}, or leave the version out`,
      );
    }
    if (version > MAX_CONFIG_VERSION) {
      throw new WaysideError('config_conflict', `there is no version above ${MAX_CONFIG_VERSION}`);
    }
    const values = { version, desired_json, updated_at: now };
    const saved = await trx
      .insertInto('device_configs')
      .values({ device, ...values, announced_version: 0 })
      .onConflict((conflict) => conflict.column('device').doUpdateSet(values))
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeAudit(trx, change, 'device.config', device, { version });
    return { config: configOf(device, saved), changed: true };
  });
}

function requireMatch(expected: ConfigExpectation, current: number, exists: boolean): void {
  if (expected.ifMatch === '*' ? exists : matchesVersion(expected, current)) return;
  throw new WaysideError(
    'config_changed',
    exists ? `the present version is ${current}` : 'the device has no configuration yet',
  );
}

/** Configurations that are set and that the broker may not have yet. */
export async function unannouncedConfigs(db: Kysely<Schema>): Promise<readonly DeviceConfig[]> {
  const rows = await db
    .selectFrom('device_configs')
    .selectAll()
    .where(sql<boolean>`version > announced_version`)
    .execute();
  return rows.map((row) => configOf(row.device, row));
}

/** The broker has the configuration of this version. */
export async function configAnnounced(db: Kysely<Schema>, device: string, version: number): Promise<void> {
  await db
    .updateTable('device_configs')
    .set({ announced_version: version })
    .where('device', '=', device)
    .where('announced_version', '<', version)
    .execute();
}

/** Keeps what devices report, all in one transaction; of one device the last stands. Reports of devices that are gone are passed over. */
export async function keepReports(
  db: Kysely<Schema>,
  reports: readonly ReportToKeep[],
  now: number,
): Promise<readonly DeviceConfig[]> {
  const newest = new Map(reports.map((report) => [report.deviceId, report]));
  return db.transaction().execute(async (trx) => {
    const kept: DeviceConfig[] = [];
    for (const { deviceId, version, report } of newest.values()) {
      const device = await trx
        .selectFrom('devices')
        .select('id')
        .where('id', '=', deviceId)
        .executeTakeFirst();
      if (device === undefined) continue;
      const values = {
        reported_version: version,
        reported_json: JSON.stringify(report),
        reported_at: now,
      };
      const row = await trx
        .insertInto('device_configs')
        .values({ device: deviceId, version: 0, announced_version: 0, ...values })
        .onConflict((conflict) => conflict.column('device').doUpdateSet(values))
        .returningAll()
        .executeTakeFirstOrThrow();
      kept.push(configOf(deviceId, row));
    }
    return kept;
  });
}

async function configRow(db: Kysely<Schema>, device: string): Promise<Row | undefined> {
  return db.selectFrom('device_configs').selectAll().where('device', '=', device).executeTakeFirst();
}

async function requireDevice(db: Kysely<Schema>, id: string): Promise<void> {
  const row = await db.selectFrom('devices').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no device "${id}"`);
}
