import type { SeriesPoint } from '../../api/my-data-shapes.ts';

/** Times and values side by side, as a chart takes them; null breaks the line. */
export interface Line {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** A device that was silent for so many times its usual pause, and for so many pieces of the chart, was away. */
const AWAY_PAUSES = 4;
const AWAY_PIECES = 6;

/**
 * The line of a chart, broken where the device told nothing for long: a straight line over a night would tell of values that
 * nobody measured. A state (true or false) holds until the next one, so that its line is never broken.
 *
 * @param everyMs length of a piece
 * @param factor see `Measure`
 */
export function lineOf(points: readonly SeriesPoint[], everyMs: number, factor: number): Line {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const pauses = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? at));
  const usual = [...pauses].sort((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? everyMs;
  const away = Math.max(AWAY_PAUSES * usual, AWAY_PIECES * everyMs);
  points.forEach(({ at, value }, index) => {
    if (typeof value === 'string') return;
    const before = points[index - 1]?.at;
    if (typeof value === 'number' && before !== undefined && at - before > away) {
      times.push(before + usual);
      values.push(null);
    }
    times.push(at);
    values.push(typeof value === 'boolean' ? Number(value) : value * factor);
  });
  return { times, values };
}
