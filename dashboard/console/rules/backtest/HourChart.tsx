import { dayAndTimeOf } from '../../../look/when.ts';
import { type Bucket, buckets, decidedPart } from './time-buckets.ts';

const HEIGHT = 100;
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

interface Props {
  readonly perHour: readonly Bucket[];
  readonly from: number;
  readonly to: number;
}

/** How much would have been sent when: bars, and the same figures as a table for whoever opens it. */
export function HourChart({ perHour, from, to }: Props) {
  const part = decidedPart(perHour, from, to);
  const { unit, items } = buckets(perHour, part.from, part.to);
  const isPart = part.from > from || part.to < to;
  const most = Math.max(1, ...items.map(({ sent, suppressed }) => sent + suppressed));
  const words = (at: number) => (unit === 'day' ? DAY.format(at) : dayAndTimeOf(at));
  const y = (count: number) => (HEIGHT * count) / most;
  const [first, last] = [items[0], items.at(-1)];
  return (
    <figure className="hour-chart">
      <figcaption>
        {unit === 'day' ? 'Day by day' : 'Hour by hour'}: <span className="key-sent">sent</span>{' '}
        <span className="key-suppressed">suppressed</span>
        {isPart && <span className="soft">nothing in the rest of the time</span>}
        <span className="soft hour-most">most: {most.toLocaleString()}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${items.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        className="hour-bars"
      >
        <defs>
          <pattern
            id="hatch"
            width="4"
            height="4"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="2" height="4" className="hatch-line" />
          </pattern>
        </defs>
        {items.map(({ at, sent, suppressed }, index) => (
          <g key={at}>
            <title>{`${words(at)}: ${sent} sent, ${suppressed} suppressed`}</title>
            <rect x={index} width={1} y={0} height={HEIGHT} className="hour-hit" />
            <rect x={index + 0.1} width={0.8} y={HEIGHT - y(sent)} height={y(sent)} className="hour-sent" />
            <rect
              x={index + 0.1}
              width={0.8}
              y={HEIGHT - y(sent + suppressed)}
              height={y(suppressed)}
              className="hour-suppressed"
            />
          </g>
        ))}
      </svg>
      {first !== undefined && last !== undefined && (
        <div className="bar-ends soft" aria-hidden="true">
          <span>{words(first.at)}</span>
          <span>{words(last.at)}</span>
        </div>
      )}
      <details className="as-table">
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{unit === 'day' ? 'Day' : 'Hour'}</th>
              <th scope="col">Sent</th>
              <th scope="col">Suppressed</th>
            </tr>
          </thead>
          <tbody>
            {items
              .filter(({ sent, suppressed }) => sent + suppressed > 0)
              .map(({ at, sent, suppressed }) => (
                <tr key={at}>
                  <th scope="row">{words(at)}</th>
                  <td>{sent}</td>
                  <td>{suppressed}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
