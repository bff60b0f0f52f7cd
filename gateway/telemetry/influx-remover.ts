import { InfluxError, unavailable } from './influx-answer.ts';
import type { InfluxConnection } from './influx-connection.ts';
import { nanoseconds } from './influx-lines.ts';
import {
  DEVICE_TAG,
  encodeName,
  MEASUREMENTS,
  POSITIONS,
  quoteIdentifier,
  quoteString,
} from './influx-names.ts';
import type { OldPositions } from './influx-old-positions.ts';
import type { ExpiryLimit, Outdated, Removal } from './telemetry-store.ts';

/** Devices that one statement of 1.x names. */
const DEVICES_A_STATEMENT = 200;

const REMOVED: Removal = { kind: 'removed' };

/**
 * Removes points: 1.x by InfluxQL for many devices at once, 2.x by its delete API, which takes one device a request, for its
 * predicates know no "or". InfluxDB 3 can't delete rows: there forgetting the device key orphans them, and the retention
 * period of the database removes them.
 *
 * 1.x keeps the key of a dropped series in its index until it compacts; that key is random, and names nobody.
 *
 * @param oldPositions those that an earlier version kept beside metrics
 */
export function createInfluxRemover(connection: InfluxConnection, oldPositions: OldPositions) {
  async function removing(work: (major: 1 | 2) => Promise<void>): Promise<Removal> {
    try {
      const { major, label } = await connection.version();
      if (major === 3) return impossible(label);
      await work(major);
      return REMOVED;
    } catch (error) {
      // The delete API of 2.x is missing in its Cloud's newer engine.
      if (error instanceof InfluxError && (error.status === 405 || error.status === 501))
        return impossible('this InfluxDB');
      throw unavailable(error);
    }
  }

  async function removeDevices(major: 1 | 2, { deviceKeys, before }: ExpiryLimit | AllOf): Promise<void> {
    if (major === 1) await deleteByQuery(deviceKeys, before);
    else await deleteByApi(deviceKeys, before);
  }

  async function deleteByQuery(deviceKeys: readonly string[], before: number | null): Promise<void> {
    const from = `FROM ${MEASUREMENTS.map(quoteIdentifier).join(', ')} WHERE`;
    for (let start = 0; start < deviceKeys.length; start += DEVICES_A_STATEMENT) {
      const devices = deviceKeys
        .slice(start, start + DEVICES_A_STATEMENT)
        .map((key) => `${quoteIdentifier(DEVICE_TAG)} = ${quoteString(encodeName(key))}`)
        .join(' OR ');
      await connection.query(
        before === null
          ? `DROP SERIES ${from} ${devices}`
          : `DELETE ${from} (${devices}) AND time < ${nanoseconds(before, 0)}`,
      );
    }
  }

  async function deleteByApi(deviceKeys: readonly string[], before: number | null): Promise<void> {
    for (const key of deviceKeys) {
      const device = JSON.stringify(encodeName(key));
      for (const measurement of MEASUREMENTS)
        await connection.deletePoints(
          `_measurement=${JSON.stringify(measurement)} AND ${DEVICE_TAG}=${device}`,
          null,
          before,
        );
    }
  }

  async function removePositions(major: 1 | 2, before: number): Promise<void> {
    if (major === 1)
      await connection.query(
        `DELETE FROM ${quoteIdentifier(POSITIONS)} WHERE time < ${nanoseconds(before, 0)}`,
      );
    else await connection.deletePoints(`_measurement=${JSON.stringify(POSITIONS)}`, null, before);
    await oldPositions.clear(major, before);
  }

  return {
    erase: (deviceKeys: readonly string[]) =>
      removing(async (major) => {
        if (deviceKeys.length > 0) await oldPositions.settle(major);
        await removeDevices(major, { deviceKeys, before: null });
      }),

    expire: ({ readings, positionsBefore }: Outdated) =>
      removing(async (major) => {
        for (const limit of readings) await removeDevices(major, limit);
        if (positionsBefore !== null) await removePositions(major, positionsBefore);
      }),
  };
}

interface AllOf {
  readonly deviceKeys: readonly string[];
  readonly before: null;
}

function impossible(label: string): Removal {
  return {
    kind: 'impossible',
    message: `InfluxDB ${label} can't delete rows: their device key is forgotten; give its database a retention period`,
  };
}
