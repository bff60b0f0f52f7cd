import { UnstyledButton } from '@mantine/core';
import type { LiveDecision } from '../live/live-feed.ts';
import { REASON_WORDS } from '../look/reasons.ts';
import { StateBadge } from '../look/StateBadge.tsx';
import { momentOf, timeOf } from '../look/when.ts';
import { useNames } from './use-names.ts';

interface Props {
  readonly decisions: readonly LiveDecision[];
  readonly onSelect: (device: string) => void;
}

/** Decisions as they happen, newest first; pressing one shows its device on the map. */
export function DecisionFeed({ decisions, onSelect }: Props) {
  const names = useNames();
  if (decisions.length === 0) {
    return <p className="feed-empty soft">Nothing yet. Offers appear here the moment they are decided.</p>;
  }
  return (
    <ol className="feed" aria-label="Decisions, newest first">
      {decisions.map((decision) => (
        <li key={decision.id}>
          <UnstyledButton
            className={`feed-item feed-${decision.outcome}`}
            onClick={() => onSelect(decision.device)}
          >
            <span className="feed-head">
              <strong>{names.rule(decision.rule)}</strong>
              <time
                className="soft"
                dateTime={new Date(decision.at).toISOString()}
                title={momentOf(decision.at)}
              >
                {timeOf(decision.at)}
              </time>
            </span>
            <span className="feed-who soft">
              {decision.consumer} · {decision.device}
              {decision.place ? ` · ${names.place(decision.place)}` : ''}
            </span>
            <span className="feed-what">
              {decision.outcome === 'sent' ? (
                <span>{decision.detail}</span>
              ) : (
                <span>{decision.reason ? REASON_WORDS[decision.reason] : decision.detail}</span>
              )}
              {decision.delivery !== null && <StateBadge state={decision.delivery} />}
            </span>
          </UnstyledButton>
        </li>
      ))}
    </ol>
  );
}
