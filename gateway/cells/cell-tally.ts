import { latLngToCell } from 'h3-js';
import { DAY_MS } from '../../rules/time/duration.ts';
import type { ScanBatch } from '../telemetry/telemetry-scan.ts';

/** About 0.7 km² each, 460 m to the corners: https://h3geo.org/docs/core-library/restable. */
export const CELL_RESOLUTION = 8;
/** A cell in which fewer devices were is told to nobody: it could be where somebody lives. */
export const LEAST_DEVICES = 5;

/** How many devices were in a cell on a day, and how many readings told so. */
export interface CellDay {
  /** Days since 1970, UTC. */
  readonly day: number;
  /** H3 index. */
  readonly cell: string;
  readonly devices: number;
  readonly readings: number;
}

interface Counted {
  readonly devices: Set<number>;
  readings: number;
}

/** Counts positions into cells, day by day. */
export interface CellTally {
  add(batch: ScanBatch): void;
  /** Cells with enough devices; of others nothing comes out. */
  cells(): readonly CellDay[];
}

/** @param byArrival whether a position is of the day on which it arrived; else of that of its reading */
export function createCellTally(byArrival: boolean): CellTally {
  const days = new Map<number, Map<string, Counted>>();
  /** Of each device what it said last, for most say the same place again. */
  const lastLat: number[] = [];
  const lastLon: number[] = [];
  const lastCell: string[] = [];

  function cellOf(device: number, lat: number, lon: number): string {
    const known = lastCell[device];
    if (known !== undefined && lastLat[device] === lat && lastLon[device] === lon) return known;
    const cell = latLngToCell(lat, lon, CELL_RESOLUTION);
    lastLat[device] = lat;
    lastLon[device] = lon;
    lastCell[device] = cell;
    return cell;
  }

  return {
    add({ rows, device, lat, lon, at, receivedAt }) {
      const times = byArrival ? receivedAt : at;
      for (let row = 0; row < rows; row += 1) {
        const [of, y, x] = [device[row] ?? 0, lat[row] ?? Number.NaN, lon[row] ?? Number.NaN];
        if (!Number.isFinite(y) || !Number.isFinite(x)) continue;
        const day = Math.floor((times[row] ?? 0) / DAY_MS);
        const cells = entryOf(days, day, () => new Map<string, Counted>());
        const counted = entryOf(cells, cellOf(of, y, x), () => ({ devices: new Set<number>(), readings: 0 }));
        counted.devices.add(of);
        counted.readings += 1;
      }
    },
    cells: () =>
      [...days].flatMap(([day, cells]) =>
        [...cells].flatMap(([cell, { devices, readings }]) =>
          devices.size < LEAST_DEVICES ? [] : [{ day, cell, devices: devices.size, readings }],
        ),
      ),
  };
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
