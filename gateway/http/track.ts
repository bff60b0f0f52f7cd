import type { ReadingPoint, TelemetryReader } from '../telemetry/telemetry-store.ts';

/** A step of a device's way. */
export interface TrackPoint {
  /** Epoch ms. */
  readonly at: number;
  readonly lat: number;
  readonly lon: number;
  /** Metres. */
  readonly accuracy?: number;
}

export interface Track {
  /** Oldest first. */
  readonly points: readonly TrackPoint[];
  /** Epoch ms up to which it was looked, where there is more than a request may read; else null. */
  readonly readUntil: number | null;
}

const PAGE = 10_000;
/** A reading a second for a day, and some more. */
const MOST_READINGS = 100_000;
/** More are not told apart on a screen. */
const MOST_POINTS = 2_000;

/**
 * The way of a device within a time: of each of 2,000 equal parts of it the first position, so that a day of a reading a second
 * and a day of ten readings are drawn alike.
 *
 * @param from inclusive, epoch ms
 * @param to exclusive, epoch ms
 * @throws WaysideError `telemetry_unavailable`
 */
export async function readTrack(
  telemetry: TelemetryReader,
  deviceKey: string,
  from: number,
  to: number,
): Promise<Track> {
  const points: TrackPoint[] = [];
  const partMs = Math.max(1, (to - from) / MOST_POINTS);
  let lastPart = -1;
  let cursor: string | null = null;
  for (let read = 0; read < MOST_READINGS; read += PAGE) {
    const page = await telemetry.read({
      deviceKey,
      from,
      to,
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    });
    for (const { at, position } of page.points as readonly ReadingPoint[]) {
      if (position === undefined) continue;
      const part = Math.floor((at - from) / partMs);
      if (part === lastPart) continue;
      lastPart = part;
      const { lat, lon, accuracy } = position;
      points.push({ at, lat, lon, ...(accuracy !== undefined && { accuracy }) });
    }
    cursor = page.next;
    if (cursor === null) return { points, readUntil: null };
    if (read + PAGE >= MOST_READINGS) return { points, readUntil: page.points.at(-1)?.at ?? from };
  }
  return { points, readUntil: null };
}
