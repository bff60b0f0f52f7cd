import { WaysideError } from '../errors.ts';
import { unavailable } from './influx-answer.ts';
import { createInfluxConnection, type InfluxStoreOptions } from './influx-connection.ts';
import { readPage } from './influx-reader.ts';
import { createInfluxRemover } from './influx-remover.ts';
import { scanInflux } from './influx-scan.ts';
import { createInfluxWriter } from './influx-writer.ts';
import type { TelemetryStore } from './telemetry-store.ts';

/** How long a server that is well may take to answer. */
const TIMEOUT_MS = 10_000;
/** Reads at a time; beyond that a caller is told to come back, rather than kept in a queue without end. */
const MAX_READS = 64;

/**
 * Telemetry in InfluxDB: written through the client with line protocol, read with InfluxQL, which 1.x, 2.x and 3 all
 * understand. A point is (device, nanosecond), so that writing it again changes nothing.
 */
export function createInfluxStore(options: InfluxStoreOptions): TelemetryStore {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const connection = createInfluxConnection(options, timeoutMs);
  const writer = createInfluxWriter(connection, timeoutMs);
  const remover = createInfluxRemover(connection);
  let started = false;
  let reads = 0;

  const probe: TelemetryStore['probe'] = async () => {
    try {
      connection.forget();
      await connection.version();
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

    async erase(deviceKeys) {
      mustBeStarted();
      return remover.erase(deviceKeys);
    },

    async expire(limits) {
      mustBeStarted();
      return remover.expire(limits);
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

    async *scan(query) {
      mustBeStarted();
      try {
        yield* scanInflux(connection, query);
      } catch (error) {
        throw unavailable(error);
      }
    },

    probe,
    memoryBytes: async () => 0,
  };
}
