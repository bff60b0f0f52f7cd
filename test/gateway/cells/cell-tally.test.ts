import { describe, expect, it } from 'vitest';
import { createCellTally, LEAST_DEVICES } from '../../../gateway/cells/cell-tally.ts';
import { NO_VALUES, type ScanBatch } from '../../../gateway/telemetry/telemetry-scan.ts';

const DAY_MS = 86_400_000;
const MILAN = [45.4642, 9.19] as const;
const ROME = [41.9, 12.5] as const;

interface Row {
  readonly device: number;
  readonly where: readonly [number, number] | null;
  readonly receivedAt: number;
  readonly at?: number;
}

function batchOf(rows: readonly Row[]): ScanBatch {
  return {
    rows: rows.length,
    device: Int32Array.from(rows, ({ device }) => device),
    receivedAt: Float64Array.from(rows, ({ receivedAt }) => receivedAt),
    at: Float64Array.from(rows, ({ at, receivedAt }) => at ?? receivedAt),
    seq: Float64Array.from(rows, (_, index) => index),
    bits: new Uint8Array(rows.length),
    lat: Float64Array.from(rows, ({ where }) => where?.[0] ?? Number.NaN),
    lon: Float64Array.from(rows, ({ where }) => where?.[1] ?? Number.NaN),
    numbers: {},
    events: NO_VALUES,
    metrics: NO_VALUES,
  };
}

const devices = (count: number, where: Row['where'], receivedAt: number): Row[] =>
  Array.from({ length: count }, (_, device) => ({ device, where, receivedAt }));

describe('counts of devices by cell and day', () => {
  it(`tell nothing of a cell in which fewer than ${LEAST_DEVICES} devices were on a day`, () => {
    const tally = createCellTally(true);
    for (const day of [0, 1, 2]) tally.add(batchOf(devices(4, MILAN, day * DAY_MS)));
    // The same four again and again are four.
    tally.add(batchOf(devices(4, MILAN, 5)));
    expect(tally.cells()).toEqual([]);
  });

  it('count each device once a day and each of its readings, over any number of batches', () => {
    const tally = createCellTally(true);
    tally.add(batchOf([...devices(5, MILAN, 0), ...devices(5, ROME, 1), ...devices(4, MILAN, DAY_MS)]));
    tally.add(batchOf([...devices(5, MILAN, DAY_MS - 1), ...devices(6, MILAN, 2 * DAY_MS)]));
    tally.add(batchOf([{ device: 9, where: null, receivedAt: 0 }]));
    const cells = tally.cells();
    const [milan, rome] = [cells[0]?.cell, cells.find(({ readings }) => readings === 5)?.cell];
    expect(milan).not.toBe(rome);
    expect(cells).toEqual([
      { day: 0, cell: milan, devices: 5, readings: 10 },
      { day: 0, cell: rome, devices: 5, readings: 5 },
      { day: 2, cell: milan, devices: 6, readings: 6 },
    ]);
  });

  it('go by the day of arrival, or by that of the reading where a store is ordered so', () => {
    const rows = devices(5, MILAN, DAY_MS).map((row) => ({ ...row, at: DAY_MS - 1 }));
    const days = [true, false].map((byArrival) => {
      const tally = createCellTally(byArrival);
      tally.add(batchOf(rows));
      return tally.cells().map(({ day }) => day);
    });
    expect(days).toEqual([[1], [0]]);
  });
});
