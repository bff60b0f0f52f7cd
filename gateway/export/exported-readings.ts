import type { ReadingPoint, TelemetryReader } from '../telemetry/telemetry-store.ts';

/** Usually some 0.3 MB, and some 5 ms of each thread that they cross: five times as many hold the socket thread up for 40 ms. */
const READINGS_A_PAGE = 2_000;
/** The same for large ones, of which a page has fewer. */
const CHARACTERS_A_PAGE = 1024 * 1024;
const FIRST_WINDOW_MS = 3_600_000;
const LONGEST_WINDOW_MS = 366 * 86_400_000;
/** A window that brought fewer is followed by a longer one. */
const FEW = READINGS_A_PAGE / 4;
/** No reading lies further ahead of its arrival. */
const AHEAD_MS = 600_000;

/**
 * All that a device reported from a time on (epoch ms of the readings), oldest first, some at a time. Window by window: a store that
 * is asked for the first of all that is left looks at all of it each time.
 *
 * @param now domain time; what is dated later comes last, in one window
 */
export async function* exportedReadings(
  telemetry: TelemetryReader,
  deviceKey: string,
  since: number | null,
  now: number,
): AsyncGenerator<readonly ReadingPoint[]> {
  const from = since === null ? {} : { from: since };
  const [first] = (await telemetry.read({ deviceKey, limit: 1, ...from })).points;
  if (first === undefined) return;
  let windowMs = FIRST_WINDOW_MS;
  for (let start = first.at; ; ) {
    const isLast = start + windowMs > now + AHEAD_MS;
    const end = start + windowMs;
    const span = isLast ? { from: start } : { from: start, to: end };
    let readings = 0;
    for (let cursor: string | null = null; ; ) {
      const asked = { deviceKey, limit: READINGS_A_PAGE, maxCharacters: CHARACTERS_A_PAGE, ...span };
      const page = await telemetry.read(cursor === null ? asked : { ...asked, cursor });
      readings += page.points.length;
      if (page.points.length > 0) yield page.points as readonly ReadingPoint[];
      cursor = page.next;
      if (cursor === null) break;
    }
    if (isLast) return;
    start = end;
    if (readings > READINGS_A_PAGE) windowMs = Math.max(1, Math.floor(windowMs / 2));
    else if (readings < FEW) windowMs = Math.min(windowMs * 4, LONGEST_WINDOW_MS);
  }
}
