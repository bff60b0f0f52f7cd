import type { ReadingPoint, TelemetryReader } from '../telemetry/telemetry-store.ts';

/** Each page costs the store a pass over its rows; this many take some 20 MB on their way. */
const READINGS_A_PAGE = 10_000;

/** All that a device reported from a time on (epoch ms of the readings), oldest first, some at a time. */
export async function* exportedReadings(
  telemetry: TelemetryReader,
  deviceKey: string,
  from: number | null,
): AsyncGenerator<readonly ReadingPoint[]> {
  for (let cursor: string | null = null; ; ) {
    const page = await telemetry.read({
      deviceKey,
      limit: READINGS_A_PAGE,
      ...(from !== null && { from }),
      ...(cursor !== null && { cursor }),
    });
    if (page.points.length > 0) yield page.points as readonly ReadingPoint[];
    cursor = page.next;
    if (cursor === null) return;
  }
}
