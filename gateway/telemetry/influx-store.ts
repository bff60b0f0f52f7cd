import { WaysideError } from '../errors.ts';
import { unavailable } from './influx-answer.ts';
import { createInfluxConnection, type InfluxStoreOptions } from './influx-connection.ts';
import { MEASUREMENTS } from './influx-names.ts';
import { createOldPositions } from './influx-old-positions.ts';
import { readPage, withoutHidden } from './influx-reader.ts';
import { createInfluxRemover } from './influx-remover.ts';
import { scanInflux, scanPositions } from './influx-scan.ts';
import { firstPositionAt } from './influx-select.ts';
import { createInfluxWriter } from './influx-writer.ts';
import { createSharedLock } from './shared-lock.ts';
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
  /** Who writes points; removers of old positions have it alone for moments. */
  const writing = createSharedLock();
  const oldPositions = createOldPositions({
    connection,
    alone: writing.exclusive,
    timeoutMs,
    sleep,
    now: () => performance.now(),
  });
  const remover = createInfluxRemover(connection, oldPositions);
  let started = false;
  /** Positions that should be gone, from a server that can't remove them, are given to nobody. Epoch ms. */
  let hiddenBefore = 0;
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
      return writing.shared(() => writer.write(points));
    },

    async erase(deviceKeys) {
      mustBeStarted();
      return remover.erase(deviceKeys);
    },

    async expire(outdated) {
      mustBeStarted();
      const removal = await remover.expire(outdated);
      hiddenBefore = removal.kind === 'impossible' ? (outdated.positionsBefore ?? 0) : 0;
      return removal;
    },

    async oldestPosition() {
      mustBeStarted();
      try {
        await connection.version();
        const found = await Promise.all(
          MEASUREMENTS.map((measurement) => firstPositionAt(connection, measurement)),
        );
        const known = found.filter((at) => at !== null);
        return known.length === 0 ? null : Math.max(hiddenBefore, Math.min(...known));
      } catch (error) {
        throw unavailable(error);
      }
    },

    copyTo: async () => false,

    async read(query) {
      mustBeStarted();
      if (reads >= MAX_READS)
        throw new WaysideError('telemetry_unavailable', `${MAX_READS} reads are under way`);
      reads += 1;
      try {
        const page = await readPage(connection, query);
        return { ...page, points: page.points.map((point) => withoutHidden(point, hiddenBefore)) };
      } catch (error) {
        throw unavailable(error);
      } finally {
        reads -= 1;
      }
    },

    async *scan(query) {
      mustBeStarted();
      try {
        const scan = query.positionsOnly
          ? scanPositions(connection, query, hiddenBefore)
          : scanInflux(connection, query, hiddenBefore);
        yield* scan;
      } catch (error) {
        throw unavailable(error);
      }
    },

    probe,
    memoryBytes: async () => 0,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
