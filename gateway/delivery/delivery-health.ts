import type { PartHealth } from '../http/dependencies.ts';
import type { Sending } from '../records/sending.ts';
import type { ServiceReport } from './services.ts';

/** A refusal that is older than this was mended, or nothing has been sent since. */
const NEWS_MS = 15 * 60_000;
/** The others are in GET /api/v1/push-services. */
const NAMED = 5;

/**
 * What /readyz tells of sending. Never a reason to take the gateway out of service: rules go on deciding, and offers wait as long as
 * they hold.
 *
 * @param now real time, epoch ms
 */
export function deliveryHealth(
  { stopped, note }: Pick<Sending, 'stopped' | 'note'>,
  reports: readonly ServiceReport[],
  now: number,
): PartHealth {
  if (stopped) {
    const why = note === null ? '' : ` (${note})`;
    return {
      ok: false,
      degraded: true,
      detail: `all sending is stopped${why}; PUT /api/v1/sending lets it go on`,
    };
  }
  const refusing = reports.flatMap(({ origin, refused }) =>
    refused
      .filter(({ lastAt }) => now - lastAt < NEWS_MS)
      .map(({ status, count }) => `${origin} refused ${count} with ${status}`),
  );
  if (refusing.length > 0) {
    const detail = `${told(refusing)}; such offers are not tried again: mend keys or settings`;
    return { ok: false, degraded: true, detail };
  }
  const resting = reports.flatMap(({ origin, restingUntil }) =>
    restingUntil === null ? [] : [`${origin} is left alone for ${Math.ceil((restingUntil - now) / 1000)} s`],
  );
  return resting.length === 0 ? { ok: true } : { ok: true, detail: told(resting) };
}

function told(lines: readonly string[]): string {
  const more = lines.length > NAMED ? ` and ${lines.length - NAMED} more` : '';
  return lines.slice(0, NAMED).join(', ') + more;
}
