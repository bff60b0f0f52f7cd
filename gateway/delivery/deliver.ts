import type { RenderedOffer } from '../../rules/step.ts';
import type { DeliveryChannel } from '../records/schema.ts';
import type { Channel, ChannelOutcome, OutgoingOffer } from './channels/channel.ts';
import type { DueDelivery } from './due-facts.ts';
import type { DeliveryResult } from './results.ts';
import { retryDelayMs } from './retry-delay.ts';
import { withdrawalReason } from './send-check.ts';

export interface DeliverParts {
  /** The first that reaches a person is taken. */
  readonly channels: readonly Channel[];
  /** Domain time, epoch ms. */
  readonly domainNow: () => number;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Takes one due delivery as far as it goes now: checks again whether it may go out, and sends it by the first channel that leads
 * to the person. Where that turns out to lead nowhere any more, the next one is tried at once.
 *
 * @param unwanted why it must not go out after all, should that be found while it is on its way
 */
export async function deliver(
  parts: DeliverParts,
  due: DueDelivery,
  unwanted: () => string | null,
): Promise<DeliveryResult> {
  const { row, recipient } = due;
  const gone = [...due.lostSubscriptions];
  const untried = { id: row.id, channel: null, attempted: false, goneSubscriptions: gone };
  const isOver = () => row.expires_at_real <= parts.realNow();
  if (isOver()) return expiredResult(row);
  const withdrawn = withdrawalReason(due.facts, parts.domainNow());
  if (withdrawn !== null) return { ...untried, kind: 'withdrawn', reason: withdrawn };

  const offer = outgoing(due, () => unwanted() === null && !isOver());
  let last: { readonly channel: DeliveryChannel; readonly reason: string } | null = null;
  for (const channel of parts.channels) {
    if (!channel.reaches(recipient)) continue;
    const outcome = await channel.send(offer, recipient);
    gone.push(...(outcome.goneSubscriptions ?? []));
    if (outcome.kind === 'gone') {
      last = { channel: channel.name, reason: outcome.reason };
      continue;
    }
    const attempted = last !== null || (outcome.kind !== 'held' && outcome.kind !== 'unwanted');
    const verdict = verdictOf(parts, row, outcome, unwanted);
    return { id: row.id, channel: channel.name, attempted, goneSubscriptions: gone, ...verdict };
  }
  if (last === null) return { ...untried, kind: 'gone', reason: 'no_subscription' };
  return { ...untried, attempted: true, channel: last.channel, kind: 'gone', reason: last.reason };
}

/** The offer is over before it went out. */
export function expiredResult(row: DueDelivery['row']): DeliveryResult {
  const { id } = row;
  return { id, channel: null, attempted: false, goneSubscriptions: [], ...expired(row.reason) };
}

/** @param before why an earlier try came to nothing, or null */
function expired(before: string | null): { readonly kind: 'expired'; readonly reason: string } {
  return { kind: 'expired', reason: before === null ? 'expired' : `expired after ${before}` };
}

function outgoing({ row }: DueDelivery, isStillWanted: () => boolean): OutgoingOffer {
  const offer: RenderedOffer = JSON.parse(row.offer_json);
  return {
    id: row.id,
    consumer: row.consumer,
    offer: row.code === null ? offer : { ...offer, code: row.code },
    createdAt: row.created_at,
    expiresAtReal: row.expires_at_real,
    isStillWanted,
  };
}

type Verdict =
  | { readonly kind: 'sent'; readonly isDelivered: boolean }
  | { readonly kind: 'retrying'; readonly nextAttemptAt: number; readonly reason: string }
  | { readonly kind: 'failed' | 'expired' | 'withdrawn'; readonly reason: string };

function verdictOf(
  parts: DeliverParts,
  row: DueDelivery['row'],
  outcome: Exclude<ChannelOutcome, { readonly kind: 'gone' }>,
  unwanted: () => string | null,
): Verdict {
  switch (outcome.kind) {
    case 'sent':
      return { kind: 'sent', isDelivered: outcome.isDelivered };
    case 'retry': {
      const delayMs = retryDelayMs(row.attempts + 1, outcome.afterMs, parts.random());
      return laterOrNever(parts, row, delayMs, outcome.reason);
    }
    case 'held':
      return laterOrNever(parts, row, outcome.afterMs, row.reason ?? outcome.reason);
    case 'failed':
      return { kind: 'failed', reason: outcome.reason };
    case 'unwanted': {
      const reason = unwanted();
      // Else it was over when there was a connection for it.
      return reason === null ? expired(row.reason) : { kind: 'withdrawn', reason };
    }
  }
}

/** Another try, unless it would come after the offer's end. */
function laterOrNever(
  parts: DeliverParts,
  row: DueDelivery['row'],
  delayMs: number,
  reason: string,
): Verdict {
  const nextAttemptAt = parts.realNow() + delayMs;
  if (nextAttemptAt >= row.expires_at_real) return expired(reason);
  return { kind: 'retrying', nextAttemptAt, reason };
}
