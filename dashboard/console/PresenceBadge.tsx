import type { OfflineReason } from '../../gateway/records/schema.ts';
import type { PresenceRecord } from '../api/shapes.ts';
import { Pill } from '../look/StateBadge.tsx';
import { dayAndTimeOf, momentOf } from '../look/when.ts';

const REASONS: Readonly<Record<OfflineReason, string>> = {
  disconnected: 'it said goodbye',
  connection_lost: 'its connection broke',
  keep_alive: 'nothing was heard of it',
  replaced: 'its client id connected again',
  protocol_error: 'it broke the protocol',
  closed: 'the gateway closed its connection',
  gateway_stopped: 'the gateway was stopped',
  reported: 'its bridge or its will said so',
};

/** Whether a device is connected, in a word. */
export function PresenceBadge({ presence }: { presence: PresenceRecord }) {
  return presence.state === 'online' ? (
    <Pill tone="good">Online</Pill>
  ) : (
    <Pill tone="quiet">{presence.since === null ? 'Never connected' : 'Offline'}</Pill>
  );
}

/** Since when it is so, why, and when it was heard last. */
export function PresenceLine({ presence }: { presence: PresenceRecord }) {
  const { state, since, lastSeenAt, reason } = presence;
  return (
    <>
      <PresenceBadge presence={presence} />
      {since !== null && (
        <span>
          since <time title={momentOf(since)}>{dayAndTimeOf(since)}</time>
          {state === 'offline' && reason !== undefined && `, as ${REASONS[reason]}`}
        </span>
      )}
      {lastSeenAt !== null && (
        <span>
          last seen <time title={momentOf(lastSeenAt)}>{dayAndTimeOf(lastSeenAt)}</time>
        </span>
      )}
    </>
  );
}
