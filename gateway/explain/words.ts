import type { MetricTrigger } from '../../rules/document/trigger.ts';
import { localTime } from '../../rules/time/local-time.ts';
import type { Evidence } from './evidence.ts';
import type { Surroundings } from './surroundings.ts';

/** What the devices said of where they were, as far as it tells something. */
export function positionsSeen({ evidence, place }: Surroundings): string {
  if (evidence === null || place === null) return '';
  const { positions, late, coarse, inside, nearestMetres, truncated } = evidence;
  if (positions === 0) return ' The devices told no position in that time.';
  const notes = [
    inside > 0
      ? `${inside} inside the place`
      : nearestMetres === null
        ? null
        : `the nearest ${nearestMetres} m from it`,
    late > 0 ? `${late} late` : null,
    coarse > 0 ? `${coarse} too inaccurate for this place` : null,
  ].filter((note) => note !== null);
  const some = truncated ? `the first ${positions}` : `${positions}`;
  return ` Of the devices there ${positions === 1 ? 'is 1 position' : `are ${some} positions`}, ${notes.join(', ')}.`;
}

/** Why a metric's crossing was none. */
export function crossingMissed(
  { name, direction, threshold, rearm }: MetricTrigger,
  { evidence }: Surroundings,
): string {
  const start = `"${name}" did not go ${direction} ${threshold} anew: the rule fires when it does, not while it stays there, and again only after it was back at ${rearm}.`;
  if (evidence === null) return start;
  const range = Object.hasOwn(evidence.metrics, name) ? evidence.metrics[name] : undefined;
  if (range === undefined) return `${start} No value of it is known from that time.`;
  if (range.least === undefined || range.most === undefined) return start;
  const values =
    range.least === range.most
      ? `It was ${range.least}.`
      : `It was between ${range.least} and ${range.most}.`;
  return `${start} ${values}`;
}

/** Which events the devices told. */
export function eventsSeen(evidence: Evidence | null): string {
  if (evidence === null) return '';
  const { events } = evidence;
  if (events.length === 0) return ' The devices told no event in that time.';
  const shown = events.slice(0, 10).map((name) => `"${name}"`);
  return ` The devices told ${shown.join(', ')}${events.length > shown.length ? ' and more' : ''}.`;
}

/** A moment on the wall clock of the place, to the second. */
export function told(at: number, { zone }: Surroundings): string {
  const { date, minuteOfDay } = localTime(at, zone);
  const two = (part: number) => String(part).padStart(2, '0');
  const seconds = two(Math.floor(at / 1_000) % 60);
  return `${date} ${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}:${seconds} (${zone})`;
}
