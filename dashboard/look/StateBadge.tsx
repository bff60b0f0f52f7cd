import type { ReactNode } from 'react';
import type { DeliveryState } from '../../gateway/records/schema.ts';
import { DELIVERY_LABELS } from './reasons.ts';

type Tone = 'good' | 'info' | 'warn' | 'bad' | 'quiet';

const TONES: Readonly<Record<DeliveryState, Tone>> = {
  queued: 'quiet',
  retrying: 'warn',
  sent: 'info',
  shown: 'good',
  clicked: 'good',
  redeemed: 'good',
  dismissed: 'quiet',
  gone: 'warn',
  failed: 'bad',
  expired: 'quiet',
  withdrawn: 'quiet',
};

/** A word in a coloured lozenge; the word alone carries the meaning. */
export function Pill({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`pill pill-${tone}`}>{children}</span>;
}

/** What became of an offer, in a word. */
export function StateBadge({ state }: { state: DeliveryState }) {
  const won = state === 'clicked' || state === 'redeemed';
  return (
    <Pill tone={TONES[state]}>
      {won && <span aria-hidden="true">✓ </span>}
      {DELIVERY_LABELS[state]}
    </Pill>
  );
}
