import { REASON_LABELS } from '../../look/reasons.ts';
import type { RuleCount } from './use-rules.ts';

const MOST_NAMED = 3;

/** What a rule sent and suppressed as a small bar, with the figures in words below it. */
export function CountBar({ count, most }: { count: RuleCount | undefined; most: number }) {
  if (count === undefined) return <span className="soft">decided nothing</span>;
  const { sent, suppressed, reasons } = count;
  const top = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_NAMED)
    .map(
      ([reason, number]) =>
        `${REASON_LABELS[reason as keyof typeof REASON_LABELS]} ${number.toLocaleString()}`,
    );
  const width = (number: number) => `${(100 * number) / Math.max(1, most)}%`;
  return (
    <div className="count-bar" title={top.join(', ')}>
      <div className="count-track" aria-hidden="true">
        <span className="count-sent" style={{ width: width(sent) }} />
        <span className="count-suppressed" style={{ width: width(suppressed) }} />
      </div>
      <small>
        <span className="key-sent">{sent.toLocaleString()} sent</span>
        <span className="key-suppressed soft">{suppressed.toLocaleString()} suppressed</span>
      </small>
    </div>
  );
}
