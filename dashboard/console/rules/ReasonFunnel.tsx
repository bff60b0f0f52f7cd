import type { SuppressionReason } from '../../../rules/step.ts';
import { REASON_LABELS, REASON_WORDS } from '../../look/reasons.ts';

interface Props {
  readonly title: string;
  readonly sent: number;
  readonly suppressed: Readonly<Partial<Record<SuppressionReason, number>>>;
  /** What became of the last row: "Sent", or "Would have been sent". */
  readonly sentLabel: string;
}

/**
 * From every time that the trigger fired down to what was sent: each reason takes its part away, in the order in which they are
 * tried. A table, with bars as decoration.
 */
export function ReasonFunnel({ title, sent, suppressed, sentLabel }: Props) {
  const reasons = (Object.keys(REASON_LABELS) as SuppressionReason[]).filter(
    (reason) => (suppressed[reason] ?? 0) > 0,
  );
  const total = sent + reasons.reduce((sum, reason) => sum + (suppressed[reason] ?? 0), 0);
  let left = total;
  const steps = reasons.map((reason) => {
    const count = suppressed[reason] ?? 0;
    left -= count;
    return { reason, count, before: left };
  });
  const percent = (count: number) => (total === 0 ? 0 : (100 * count) / total);
  return (
    <table className="funnel">
      <caption className="visually-hidden">{title}</caption>
      <thead>
        <tr>
          <th scope="col">What happened</th>
          <th scope="col" className="number">
            Times
          </th>
          <th scope="col" className="number">
            Share
          </th>
          <td className="funnel-bars" />
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">The trigger fired</th>
          <td className="number">{total.toLocaleString()}</td>
          <td className="number" />
          <Bar kind="all" start={0} width={100} />
        </tr>
        {steps.map(({ reason, count, before }) => (
          <tr key={reason}>
            <th scope="row">
              {REASON_LABELS[reason]}
              <small className="soft block">{REASON_WORDS[reason]}</small>
            </th>
            <td className="number">−{count.toLocaleString()}</td>
            <td className="number">{share(percent(count))}</td>
            <Bar kind="off" start={percent(before)} width={percent(count)} />
          </tr>
        ))}
        <tr className="funnel-sent">
          <th scope="row">{sentLabel}</th>
          <td className="number">{sent.toLocaleString()}</td>
          <td className="number">{share(percent(sent))}</td>
          <Bar kind="sent" start={0} width={percent(sent)} />
        </tr>
      </tbody>
    </table>
  );
}

function Bar({ kind, start, width }: { kind: 'all' | 'off' | 'sent'; start: number; width: number }) {
  return (
    <td className="funnel-bars" aria-hidden="true">
      <span className="funnel-track">
        <span
          className={`funnel-bar funnel-bar-${kind}`}
          style={{ marginInlineStart: `${start}%`, width: width === 0 ? 0 : `max(2px, ${width}%)` }}
        />
      </span>
    </td>
  );
}

/** Small shares are not told as nothing. */
function share(percent: number): string {
  if (percent === 0) return '0 %';
  return percent < 0.1 ? '< 0.1 %' : `${Number(percent.toFixed(percent < 10 ? 1 : 0))} %`;
}
