import type { InfluxConnection } from './influx-connection.ts';
import { escapeKey, fieldValue, nanoseconds } from './influx-lines.ts';
import {
  DEVICE_TAG,
  EVENT_FIELD,
  FLAGS_FIELD,
  metricOf,
  POSITION_FIELDS,
  quoteIdentifier,
  READINGS,
  RECEIVED_AT_FIELD,
} from './influx-names.ts';
import type { Row } from './influx-row.ts';
import { firstPositionAt, selectTimeRange } from './influx-select.ts';

/** Where points without their positions lie while those with them are removed; empty but for that moment. */
const MOVING = 'readings_moving';
/** Past the last millisecond that InfluxDB has. */
const END_OF_TIME = 9_223_372_036_854;

/** Positions that an earlier version wrote into `readings`, beside metrics. */
export interface OldPositions {
  /** Takes those before `before` out, epoch ms of the reading. */
  clear(major: 1 | 2, before: number): Promise<void>;
  /** Brings to an end what a crash cut short; to be called before points are removed by their device. */
  settle(major: 1 | 2): Promise<void>;
}

export interface OldPositionsParts {
  readonly connection: InfluxConnection;
  /** Runs `work` while no points are written: one that came in between would be removed unseen. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  readonly timeoutMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Real time, ms. */
  readonly now: () => number;
}

/**
 * InfluxDB removes points, and no fields of points. So a stretch of readings is copied aside without positions, removed, and
 * written back; a crash in between leaves the copy, from which `settle` goes on. Everything can be done twice.
 */
export function createOldPositions(parts: OldPositionsParts): OldPositions {
  const { connection, alone } = parts;
  let isSettled = false;

  async function remove(major: 1 | 2, measurement: string, from: number, to: number): Promise<void> {
    if (major === 1)
      await connection.query(
        `DELETE FROM ${quoteIdentifier(measurement)} WHERE time >= ${nanoseconds(from, 0)} AND time < ${nanoseconds(to, 0)}`,
      );
    else await connection.deletePoints(`_measurement=${JSON.stringify(measurement)}`, from, to);
  }

  async function write(measurement: string, rows: readonly Row[]): Promise<void> {
    const lines = rows.flatMap((row) => lineWithoutPosition(measurement, row) ?? []);
    if (lines.length > 0) await connection.write(lines, parts.timeoutMs);
  }

  async function settle(major: 1 | 2): Promise<void> {
    if (isSettled) return;
    await alone(async () => {
      for (;;) {
        const { rows, upTo } = await selectTimeRange(connection, MOVING, 0, END_OF_TIME);
        if (rows.length === 0) return;
        await write(READINGS, rows);
        await remove(major, MOVING, 0, upTo);
      }
    });
    isSettled = true;
  }

  async function moveFrom(major: 1 | 2, from: number, before: number): Promise<void> {
    isSettled = false;
    const { rows, upTo } = await selectTimeRange(connection, READINGS, from, before);
    await write(MOVING, rows);
    await remove(major, READINGS, from, upTo);
    await write(READINGS, rows);
    await remove(major, MOVING, from, upTo);
    isSettled = true;
  }

  return {
    settle,
    async clear(major, before) {
      await settle(major);
      for (;;) {
        const from = await firstPositionAt(connection, READINGS);
        if (from === null || from >= before) return;
        const began = parts.now();
        await alone(() => moveFrom(major, from, before));
        // As long is left to those who write.
        await parts.sleep(parts.now() - began);
      }
    },
  };
}

/** Null for a reading that had a position and nothing else. */
function lineWithoutPosition(measurement: string, { at, tie, fields }: Row): string | null {
  const parts: string[] = [];
  for (const [field, value] of fields) {
    const isText = field === EVENT_FIELD || field === FLAGS_FIELD;
    if (isText || metricOf(field) !== null)
      parts.push(`${escapeKey(field)}=${fieldValue(value as string | number | boolean)}`);
  }
  const hasMore = [...fields.keys()].some((field) => field === EVENT_FIELD || metricOf(field) !== null);
  if (!hasMore && POSITION_FIELDS.some((field) => fields.has(field))) return null;
  const receivedAt = fields.get(RECEIVED_AT_FIELD);
  if (typeof receivedAt === 'number') parts.push(`${RECEIVED_AT_FIELD}=${receivedAt}i`);
  if (parts.length === 0) return null;
  const device = escapeKey(String(fields.get(DEVICE_TAG) ?? ''));
  return `${measurement},${DEVICE_TAG}=${device} ${parts.join(',')} ${nanoseconds(at, tie)}`;
}
