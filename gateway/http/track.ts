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

/** Some 5 ms of each thread that they cross. */
const PAGE = 2_000;
/** A reading a second for a day, and some more. */
const MOST_READINGS = 100_000;
/** More are not told apart on a screen. Even. */
const MOST_POINTS = 2_000;

/**
 * The way of a device within a time. Of more than 2,000 positions every second, fourth … is taken, and the last one.
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
  const thinned = createThinning();
  let readUntil: number | null = null;
  let cursor: string | null = null;
  for (let read = 0; read < MOST_READINGS; ) {
    const page = await telemetry.read({
      deviceKey,
      from,
      to,
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    });
    for (const { at, position } of page.points as readonly ReadingPoint[]) {
      if (position === undefined) continue;
      const { lat, lon, accuracy } = position;
      thinned.add({ at, lat, lon, ...(accuracy !== undefined && { accuracy }) });
    }
    read += page.points.length;
    cursor = page.next;
    readUntil = cursor === null ? null : (page.points.at(-1)?.at ?? from);
    if (cursor === null) break;
  }
  return { points: thinned.points(), readUntil };
}

/** Keeps evenly picked ones of however many points come, in bounded room. */
function createThinning() {
  let kept: TrackPoint[] = [];
  let last: TrackPoint | null = null;
  let seen = 0;
  /** Every so many is kept; doubled whenever there are too many. */
  let stride = 1;
  return {
    add(point: TrackPoint): void {
      last = point;
      if (seen % stride === 0) kept.push(point);
      seen += 1;
      if (kept.length > MOST_POINTS) {
        kept = kept.filter((_, index) => index % 2 === 0);
        stride *= 2;
      }
    },
    points: (): readonly TrackPoint[] => (last === null || kept.at(-1) === last ? kept : [...kept, last]),
  };
}
