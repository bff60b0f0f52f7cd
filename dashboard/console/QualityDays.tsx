import type { QualityRecord } from '../api/shapes.ts';
import { issuesInWords } from '../look/quality-words.ts';
import { dayOf } from '../look/when.ts';

const DAY_MS = 86_400_000;

/** Readings day by day as bars, with those that had an issue below; the same as a table for whoever can't see bars. */
export function QualityDays({ record }: { record: QualityRecord }) {
  const byDay = new Map(record.days.map((day) => [day.from, day]));
  const days = Array.from({ length: Math.round((record.to - record.from) / DAY_MS) }, (_, index) => {
    const from = record.from + index * DAY_MS;
    return byDay.get(from) ?? { from, readings: 0, stored: 0, issues: 0 };
  });
  const most = Math.max(1, ...days.map(({ readings, issues }) => Math.max(readings, issues)));
  return (
    <figure className="surface quality-days">
      <figcaption>
        Day by day (UTC): <span className="key-readings">readings</span> and{' '}
        <span className="key-issues">issues</span>
      </figcaption>
      <div className="bars" aria-hidden="true">
        {days.map(({ from, readings, issues }) => (
          <div
            key={from}
            className="bar"
            title={`${dayOf(from)}: ${readings.toLocaleString()} readings, issues: ${issuesInWords(issues, readings)}`}
          >
            <span className="bar-readings" style={{ height: height(readings, most) }} />
            <span className="bar-issues" style={{ height: height(issues, most) }} />
          </div>
        ))}
      </div>
      <div className="bar-ends soft" aria-hidden="true">
        <span>{dayOf(record.from)}</span>
        <span>{dayOf(record.to - DAY_MS)}</span>
      </div>
      <table className="visually-hidden">
        <caption>Readings day by day</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Readings</th>
            <th scope="col">Stored</th>
            <th scope="col">Issues</th>
          </tr>
        </thead>
        <tbody>
          {days.map(({ from, readings, stored, issues }) => (
            <tr key={from}>
              <th scope="row">{dayOf(from)}</th>
              <td>{readings}</td>
              <td>{stored}</td>
              <td>{issues}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** What is there is seen, however little it is beside the most. */
function height(count: number, most: number): string {
  return count === 0 ? '0' : `max(2px, ${(100 * count) / most}%)`;
}
