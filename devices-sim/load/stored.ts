import type { GatewayApi } from '../gateway-api.ts';
import type { LoadDevice } from './load-device.ts';

/** What the gateway has of one device, compared with what the device was promised. */
export interface StoredOfDevice {
  /** Different readings that are there. */
  readonly stored: number;
  /** Readings that were acknowledged and are not there. */
  readonly lost: number;
  /** Readings that are there more than once, counted without the first. */
  readonly duplicated: number;
  /** Messages in quarantine, repeated ones counted. */
  readonly quarantined: number;
  readonly late: number;
  readonly clockCorrected: number;
}

interface Point {
  readonly value?: unknown;
  readonly metrics?: { readonly n?: unknown };
  readonly flags?: readonly string[];
}

const PAGE = 50_000;

/**
 * Asks the gateway for everything that it has of a device.
 *
 * @param withFlags also tells late and clock-corrected readings, for which whole readings are fetched
 */
export async function compareStored(
  api: GatewayApi,
  device: LoadDevice,
  withFlags: boolean,
): Promise<StoredOfDevice> {
  const times = new Uint16Array(device.made);
  let late = 0;
  let clockCorrected = 0;
  for await (const { value, metrics, flags } of pointsOf(api, device.id, withFlags)) {
    const n = withFlags ? metrics?.n : value;
    if (typeof n !== 'number' || n >= times.length) continue;
    times[n] = (times[n] ?? 0) + 1;
    if (flags?.includes('late')) late += 1;
    if (flags?.includes('clock_corrected')) clockCorrected += 1;
  }
  let stored = 0;
  let lost = 0;
  let duplicated = 0;
  times.forEach((count, n) => {
    if (count > 0) stored += 1;
    else if (!device.unacknowledged.has(n)) lost += 1;
    duplicated += Math.max(0, count - 1);
  });
  return { stored, lost, duplicated, quarantined: await quarantinedOf(api, device.id), late, clockCorrected };
}

async function* pointsOf(api: GatewayApi, id: string, whole: boolean): AsyncGenerator<Point> {
  let cursor: string | null = null;
  do {
    const query: string = `limit=${PAGE}${whole ? '' : '&metric=n'}${cursorParameter(cursor)}`;
    const page = (await api.call('GET', `/api/v1/telemetry/${id}?${query}`)) as {
      readonly points: readonly Point[];
      readonly next: string | null;
    };
    yield* page.points;
    cursor = page.next;
  } while (cursor !== null);
}

async function quarantinedOf(api: GatewayApi, id: string): Promise<number> {
  let sum = 0;
  let cursor: string | null = null;
  do {
    const query: string = `device=${id}&limit=1000${cursorParameter(cursor)}`;
    const page = (await api.call('GET', `/api/v1/quarantine?${query}`)) as {
      readonly items: readonly { readonly count: number }[];
      readonly next: string | null;
    };
    for (const { count } of page.items) sum += count;
    cursor = page.next;
  } while (cursor !== null);
  return sum;
}

function cursorParameter(cursor: string | null): string {
  return cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
}
