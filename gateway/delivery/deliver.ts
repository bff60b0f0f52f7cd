import type { RenderedOffer } from '../../rules/step.ts';
import { freshMessageSecrets, MAX_PLAIN_BYTES } from './content-encryption.ts';
import type { DeliveryResult, DueDelivery } from './outbox-store.ts';
import { pushPayload } from './push-payload.ts';
import { buildPushRequest, type PushRequest, type PushTarget } from './push-request.ts';
import type { PushOutcome, PushSender } from './push-sender.ts';
import { retryDelayMs } from './retry-delay.ts';
import { withdrawalReason } from './send-check.ts';
import type { VapidTokens } from './vapid-tokens.ts';

export interface DeliverParts {
  readonly sender: PushSender;
  readonly vapid: VapidTokens;
  readonly receiptKey: Uint8Array;
  /** Domain time, epoch ms. */
  readonly domainNow: () => number;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Takes one due delivery as far as it goes now: checks again whether it may go out, and sends it to every live subscription of
 * the consumer. It counts as sent when at least one push service took it.
 */
export async function deliver(parts: DeliverParts, due: DueDelivery): Promise<DeliveryResult> {
  const { row, targets } = due;
  const untried = { id: row.id, attempted: false, goneSubscriptions: [] };
  const now = parts.realNow();
  if (row.expires_at_real <= now) {
    return {
      ...untried,
      kind: 'expired',
      reason: row.reason === null ? 'expired' : `expired after ${row.reason}`,
    };
  }
  const withdrawn = withdrawalReason(due.facts, parts.domainNow());
  if (withdrawn !== null) return { ...untried, kind: 'withdrawn', reason: withdrawn };
  if (targets.length === 0) return { ...untried, kind: 'gone', reason: 'no_subscription' };

  const offer: RenderedOffer = JSON.parse(row.offer_json);
  const payload = JSON.stringify(pushPayload(row.id, offer, row.expires_at_real, parts.receiptKey));
  if (Buffer.byteLength(payload) > MAX_PLAIN_BYTES)
    return { ...untried, kind: 'failed', reason: 'offer_too_large' };

  const ttlSeconds = Math.floor((row.expires_at_real - now) / 1000);
  const outcomes = await Promise.all(
    targets.map((target) => sendTo(parts, target, row.id, payload, ttlSeconds)),
  );
  const goneSubscriptions = targets
    .filter((_, index) => outcomes[index]?.kind === 'gone')
    .map((target) => target.id);
  return { id: row.id, attempted: true, goneSubscriptions, ...resultOf(parts, due, outcomes) };
}

async function sendTo(
  parts: DeliverParts,
  target: PushTarget,
  deliveryId: string,
  payload: string,
  ttlSeconds: number,
): Promise<PushOutcome> {
  if (!URL.canParse(target.endpoint)) return BAD_SUBSCRIPTION;
  const authorization = parts.vapid.authorizationFor(new URL(target.endpoint).origin);
  const message = { deliveryId, payload, ttlSeconds, urgency: 'high' } as const;
  let request: PushRequest;
  try {
    request = buildPushRequest(target, message, authorization, freshMessageSecrets());
  } catch {
    return BAD_SUBSCRIPTION; // keys that are no point of the curve stay so
  }
  return parts.sender.send(request);
}

const BAD_SUBSCRIPTION: PushOutcome = { kind: 'failed', reason: 'bad_subscription' };

type Verdict =
  | { readonly kind: 'sent' }
  | { readonly kind: 'retrying'; readonly nextAttemptAt: number; readonly reason: string }
  | { readonly kind: 'gone' | 'failed' | 'expired'; readonly reason: string };

/** One verdict for several subscriptions: the best news counts. */
function resultOf(parts: DeliverParts, due: DueDelivery, outcomes: readonly PushOutcome[]): Verdict {
  if (outcomes.some((outcome) => outcome.kind === 'sent')) return { kind: 'sent' };
  const retries = outcomes.filter((outcome) => outcome.kind === 'retry');
  const first = retries[0];
  if (first !== undefined) {
    const asked = retries.map((retry) => retry.afterMs);
    const soonest = asked.includes(null) ? null : Math.min(...asked.map((afterMs) => afterMs ?? 0));
    const delayMs = retryDelayMs(due.row.attempts + 1, soonest, parts.random());
    const nextAttemptAt = parts.realNow() + delayMs;
    if (nextAttemptAt >= due.row.expires_at_real)
      return { kind: 'expired', reason: `expired after ${first.reason}` };
    return { kind: 'retrying', nextAttemptAt, reason: first.reason };
  }
  const failed = outcomes.find((outcome) => outcome.kind === 'failed');
  return failed === undefined ? { kind: 'gone', reason: 'gone' } : { kind: 'failed', reason: failed.reason };
}
