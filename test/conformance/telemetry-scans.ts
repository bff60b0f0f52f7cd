import { expect, it } from 'vitest';
import {
  eventsOf,
  MOST_SCANNED_CHARACTERS,
  MOST_SCANNED_ROWS,
  metricsOf,
  SCAN_BITS,
  SCAN_NUMBERS,
  type ScanBatch,
  type ScanQuery,
} from '../../gateway/telemetry/telemetry-scan.ts';
import type { TelemetryPoint } from '../../gateway/telemetry/telemetry-store.ts';
import type { TelemetrySuite } from './telemetry-suite.ts';

/** A day that no other case writes in. */
const DAY = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;

interface ScannedRow {
  readonly device: string;
  readonly at: number;
  readonly receivedAt: number;
  readonly seq: number;
  readonly bits: number;
  readonly position: readonly number[];
  readonly event?: string;
  readonly metrics?: unknown;
}

/** Scans in the order of arrival. */
export function telemetryScanCases(suite: TelemetrySuite): void {
  const scan = async (query: Partial<ScanQuery> & Pick<ScanQuery, 'deviceKeys' | 'from' | 'to'>) => {
    const asked: ScanQuery = { numbers: SCAN_NUMBERS, metrics: true, ...query };
    const batches: ScanBatch[] = [];
    for await (const batch of suite.store.scan(asked)) batches.push(batch);
    return { batches, rows: batches.flatMap((batch) => rowsOf(asked, batch)) };
  };

  it('scans positions alone, late ones too, for who asks for nothing else', async () => {
    const at = DAY + 20 * 3_600_000;
    const position = { lat: 5, lon: 6, accuracy: 8 };
    await suite.keep('scan-where', [
      { at, receivedAt: at, position, metrics: { n: 1 }, event: 'ping' },
      { at: at + 1, receivedAt: at + 1, metrics: { n: 2 } },
      { at: at + 2, receivedAt: at + 7_200_000, position, flags: ['late'] },
    ]);
    const query = { deviceKeys: ['nobody', 'scan-where'], from: at, to: at + 3 * 3_600_000 };
    const { rows } = await scan({ ...query, numbers: [], metrics: false, positionsOnly: true });
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row).toMatchObject({ device: 'scan-where', position: [5, 6, NaN, NaN, NaN, NaN] });
      expect(row).not.toHaveProperty('metrics');
      expect(row).not.toHaveProperty('event');
    }
    expect(rows.map((row) => row.at)).toEqual([at, at + 2]);
  });

  it('scans what arrived within a time, in the order of arrival and not of the readings', async () => {
    const deviceKeys = ['scan-b', 'scan-a'];
    const position = { lat: 1, lon: -2, accuracy: 8, speed: 3, heading: 270, altitude: 12 };
    const b = await suite.keep('scan-b', [
      { at: DAY, receivedAt: DAY, position },
      // Ahead of its arrival, and so after what arrived later and is of a time before it.
      { at: DAY + 4 * MINUTE_MS, receivedAt: DAY + 1_000, metrics: { n: 1, on: true, s: 'a "b"' } },
      { at: DAY + 5_000, receivedAt: DAY + 5_000, event: 'done\n"so"' },
      { at: DAY + 60_000, receivedAt: DAY + 60_000, event: 'too late for the scan' },
    ]);
    const a = await suite.keep('scan-a', [
      {
        at: DAY - MINUTE_MS,
        receivedAt: DAY + 500,
        position: { lat: 3, lon: 4 },
        flags: ['clock_corrected'],
      },
      { at: DAY - 30 * MINUTE_MS, receivedAt: DAY + 2_000, event: 'old', flags: ['late'] },
      { at: DAY - 1, receivedAt: DAY - 1, event: 'before the scan' },
    ]);
    await suite.keep('scan-other', [{ at: DAY, receivedAt: DAY, event: 'nobody asked' }]);
    const { rows } = await scan({ deviceKeys, from: DAY, to: DAY + 60_000 });
    const expected = [b[0], a[0], b[1], a[1], b[2]].map((point) => point as TelemetryPoint);
    expect(rows).toEqual(expected.map((point) => rowOf(point)));
  });

  it('leaves out of a scan what was not asked for, but for what may be all of a reading', async () => {
    const at = DAY + 3_600_000;
    const position = { lat: 1, lon: 2, accuracy: 3, speed: 4 };
    await suite.keep('scan-few', [
      { at, receivedAt: at, position, metrics: { n: 1 } },
      { at: at + 1, receivedAt: at + 1, metrics: { n: 2 } },
    ]);
    const query = {
      deviceKeys: ['scan-few'],
      from: at,
      to: at + 2,
      numbers: ['speed'],
      metrics: false,
    } as const;
    const { batches, rows } = await scan(query);
    expect(rows).toMatchObject([{ position: [1, 2, NaN, 4, NaN, NaN] }, { metrics: { n: 2 } }]);
    expect(rows[0]).not.toHaveProperty('metrics');
    expect(Object.keys(batches[0]?.numbers ?? {})).toEqual(['speed']);
  });

  it('scans in bounded batches, each once, also where many arrive in one millisecond', async () => {
    const from = DAY + 7_200_000;
    const count = MOST_SCANNED_ROWS + 10;
    const written = await suite.keep(
      'scan-many',
      Array.from({ length: count }, (_, n) => {
        const at = from + (n < count / 2 ? 0 : n * 10);
        return { at: at + (n % 1_000), receivedAt: at, position: { lat: n / count, lon: 0 } };
      }),
    );
    const { batches, rows } = await scan({ deviceKeys: ['scan-many'], from, to: from + 86_400_000 });
    expect(batches.length).toBeGreaterThan(1);
    for (const { rows } of batches) expect(rows).toBeLessThanOrEqual(MOST_SCANNED_ROWS);
    expect(rows.map(({ position }) => position[0])).toEqual(written.map(({ position }) => position?.lat));
  });

  it('scans in batches that are bounded by their size, too', async () => {
    const from = DAY + 40 * 3_600_000;
    const text = 'x'.repeat(1_000);
    const written = await suite.keep(
      'scan-large',
      Array.from({ length: 300 }, (_, n) => {
        const at = from + n * 10;
        const texts = Array.from({ length: 100 }, (_, k) => [`text${k}`, text]);
        return { at, receivedAt: at, metrics: { n, ...Object.fromEntries(texts) } };
      }),
    );
    const { batches, rows } = await scan({ deviceKeys: ['scan-large'], from, to: from + 3_600_000 });
    // All of it is 30 MB.
    for (const { metrics } of batches)
      expect(metrics.json.length).toBeLessThan(MOST_SCANNED_CHARACTERS * 1.05);
    expect(rows.map(({ metrics }) => (metrics as { n: number }).n)).toEqual(
      written.map(({ metrics }) => metrics?.n),
    );
  });

  it('ends a scan that nobody goes on with, and scans nothing for nobody', async () => {
    const from = DAY + 7_200_000;
    const query = { from, to: from + 86_400_000, numbers: [], metrics: false } as const;
    for await (const batch of suite.store.scan({ ...query, deviceKeys: ['scan-many'] })) {
      expect(batch.rows).toBeGreaterThan(0);
      break;
    }
    expect((await scan({ ...query, deviceKeys: [] })).rows).toEqual([]);
    expect((await scan({ ...query, deviceKeys: ['scan-nobody'] })).rows).toEqual([]);
  });
}

function rowsOf(query: ScanQuery, batch: ScanBatch): ScannedRow[] {
  const events = new Map(eventsOf(batch).map((event, index) => [batch.events.rows[index], event]));
  const metrics = new Map(metricsOf(batch).map((values, index) => [batch.metrics.rows[index], values]));
  return Array.from({ length: batch.rows }, (_, row) => ({
    device: query.deviceKeys[batch.device[row] ?? -1] ?? '',
    at: batch.at[row] ?? NaN,
    receivedAt: batch.receivedAt[row] ?? NaN,
    seq: (batch.seq[row] ?? NaN) % 1_000_000,
    bits: batch.bits[row] ?? NaN,
    position: [batch.lat, batch.lon, ...SCAN_NUMBERS.map((name) => batch.numbers[name])].map(
      (column) => column?.[row] ?? NaN,
    ),
    ...(events.has(row) && { event: events.get(row) as string }),
    ...(metrics.has(row) && { metrics: metrics.get(row) }),
  }));
}

function rowOf({
  deviceKey,
  at,
  receivedAt,
  seq,
  flags,
  position,
  event,
  metrics,
}: TelemetryPoint): ScannedRow {
  const { lat = NaN, lon = NaN, accuracy = NaN, speed = NaN, heading = NaN, altitude = NaN } = position ?? {};
  return {
    device: deviceKey,
    at,
    receivedAt,
    seq: seq % 1_000_000,
    bits:
      (flags.includes('late') ? SCAN_BITS.late : 0) |
      (flags.includes('clock_corrected') ? SCAN_BITS.clockCorrected : 0),
    position: [lat, lon, accuracy, speed, heading, altitude],
    ...(event !== undefined && { event }),
    ...(metrics !== undefined && { metrics }),
  };
}
