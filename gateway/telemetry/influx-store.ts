import { WaysideError } from '../errors.ts';
import { createInfluxConnection, type InfluxStoreOptions, unavailable } from './influx-connection.ts';
import { DEVICE_TAG, encodeName, MEASUREMENT, quoteIdentifier, quoteString } from './influx-names.ts';
import { readPage } from './influx-reader.ts';
import { createInfluxWriter } from './influx-writer.ts';
import type { TelemetryStore } from './telemetry-store.ts';

/** Reads at a time; beyond that a caller is told to come back, rather than kept in a queue without end. */
const MAX_READS = 64;

/**
 * Telemetry in InfluxDB: written through the client with line protocol, read with InfluxQL, which 1.x, 2.x and 3 all
 * understand. A point is (device, nanosecond), so that writing it again changes nothing.
 */
export function createInfluxStore(options: InfluxStoreOptions): TelemetryStore {
  const connection = createInfluxConnection(options);
  const writer = createInfluxWriter(options, connection);
  let started = false;
  let reads = 0;

  const probe: TelemetryStore['probe'] = async () => {
    try {
      connection.forget();
      await connection.majorVersion();
      return { ok: true };
    } catch (error) {
      return { ok: false, message: unavailable(error).detail };
    }
  };

  function mustBeStarted(): void {
    if (!started) throw new WaysideError('telemetry_unavailable', 'the telemetry store is not started');
  }

  return {
    name: 'influxdb',

    async start() {
      started = true;
      // Makes the database early where the server is there. Where it is not, `write` and `probe` say so.
      await probe();
    },

    async stop() {
      started = false;
    },

    /** InfluxDB has no transaction over the points and a cursor. */
    storedSeq: async () => null,

    async write(points) {
      mustBeStarted();
      return writer.write(points);
    },

    /** 1.x keeps the key of a dropped series in its index until it compacts; that key is random, and names nobody. */
    async erase(deviceKey) {
      mustBeStarted();
      try {
        const major = await connection.majorVersion();
        const device = encodeName(deviceKey);
        if (major === 1) {
          await connection.query(
            `DROP SERIES FROM ${quoteIdentifier(MEASUREMENT)} WHERE ${quoteIdentifier(DEVICE_TAG)} = ${quoteString(device)}`,
          );
        } else {
          await connection.deleteSeries(
            `_measurement=${JSON.stringify(MEASUREMENT)} AND ${DEVICE_TAG}=${JSON.stringify(device)}`,
          );
        }
      } catch (error) {
        throw unavailable(error);
      }
    },

    async read(query) {
      mustBeStarted();
      if (reads >= MAX_READS)
        throw new WaysideError('telemetry_unavailable', `${MAX_READS} reads are under way`);
      reads += 1;
      try {
        return await readPage(connection, query);
      } catch (error) {
        throw unavailable(error);
      } finally {
        reads -= 1;
      }
    },

    probe,
  };
}
