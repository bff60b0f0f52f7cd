import { Badge, type MantineColor } from '@mantine/core';
import type { DeliveryState } from '../../gateway/records/schema.ts';
import { DELIVERY_LABELS } from './reasons.ts';

const COLOURS: Readonly<Record<DeliveryState, MantineColor>> = {
  queued: 'gray',
  retrying: 'yellow',
  sent: 'blue',
  shown: 'wayside',
  clicked: 'wayside',
  redeemed: 'wayside',
  dismissed: 'gray',
  gone: 'orange',
  failed: 'red',
  expired: 'gray',
  withdrawn: 'gray',
};

/** What became of an offer, in a word. */
export function StateBadge({ state }: { state: DeliveryState }) {
  return (
    <Badge
      variant="light"
      color={COLOURS[state]}
      size="sm"
      className={`state-badge ${state === 'clicked' || state === 'redeemed' ? 'state-won' : ''}`}
    >
      {DELIVERY_LABELS[state]}
    </Badge>
  );
}
