import type { ExperimentResult } from '../../../gateway/funnel/funnel.ts';

/** The scale of the interval reaches at least this far to either side, in percentage points. */
const LEAST_REACH = 5;

/** Who was sent to beside who was held back, and what can honestly be said of the difference. */
export function ExperimentResultView({ experiment }: { experiment: ExperimentResult }) {
  const { treated, holdout, lift, notes } = experiment;
  return (
    <div>
      <h3 className="small-head">Sent to, and held back</h3>
      <table className="arms">
        <thead>
          <tr>
            <td />
            <th scope="col">People</th>
            <th scope="col">Came to the place within a day</th>
          </tr>
        </thead>
        <tbody>
          {(
            [
              ['Could be sent to', treated],
              ['Held back', holdout],
            ] as const
          ).map(([label, arm]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{arm.consumers.toLocaleString()}</td>
              <td>
                {arm.atPlace === 0
                  ? 'not about a place'
                  : `${arm.cameAfter.toLocaleString()} of ${arm.atPlace.toLocaleString()}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {lift !== null && (
        <Interval low={100 * lift.low} middle={100 * lift.difference} high={100 * lift.high} />
      )}
      {notes.map((note, index) => (
        <p key={note} className={index === 0 ? 'verdict' : 'soft small'}>
          {note}
        </p>
      ))}
    </div>
  );
}

/** The difference with its 95 % interval on a scale around zero, in percentage points. */
function Interval({ low, middle, high }: { low: number; middle: number; high: number }) {
  const reach = Math.max(LEAST_REACH, Math.ceil(Math.max(Math.abs(low), Math.abs(high)) / 5) * 5);
  const place = (points: number) => `${50 + (50 * points) / reach}%`;
  const unsure = low <= 0 && high >= 0;
  return (
    <div className="interval" aria-hidden="true">
      <div className="interval-track">
        <span className="interval-zero" />
        <span
          className={unsure ? 'interval-span interval-unsure' : 'interval-span'}
          style={{ left: place(low), right: `calc(100% - ${place(high)})` }}
        />
        <span className="interval-middle" style={{ left: place(middle) }} />
      </div>
      <div className="interval-ends soft">
        <span>−{reach} points</span>
        <span>no difference</span>
        <span>+{reach} points</span>
      </div>
    </div>
  );
}
