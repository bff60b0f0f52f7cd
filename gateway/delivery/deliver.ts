import type { RenderedOffer } from '../../rules/step.ts';
import { freshMessageSecrets, MAX_PLAIN_BYTES } from './content-encryption.ts';
import type { DeliveryResult, DueDelivery } from './outbox-store.ts';
import { pushPayload } from './push-payload.ts';
import { buildPushRequest, type PushRequest, type PushTarget, urgencyOf } from './push-request.ts';
import type { PushOutcome, PushSender } from './push-sender.ts';
import { signReceipt } from './receipt-token.ts';
import { retryDelayMs } from './retry-delay.ts';
import { withdrawalReason } from './send-check.ts';
import type { ServiceHolds } from './service-holds.ts';
import type { VapidTokens } from './vapid-tokens.ts';

export interface DeliverParts {
  readonly sender: PushSender;
  readonly vapid: VapidTokens;
  readonly holds: ServiceHolds;
  readonly receiptKey: Uint8Array;
  /** Where browsers reach the consumer app, without a trailing slash. */
  readonly publicUrl: () => string;
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
  if (row.expires_at_real <= now) return expiredResult(row);
  const withdrawn = withdrawalReason(due.facts, parts.domainNow());
  if (withdrawn !== null) return { ...untried, kind: 'withdrawn', reason: withdrawn };
  if (targets.length === 0) return { ...untried, kind: 'gone', reason: 'no_subscription' };

  const offer: RenderedOffer = JSON.parse(row.offer_json);
  const payload = pushPayload({
    id: row.id,
    offer,
    expiresAtReal: row.expires_at_real,
    token: signReceipt(parts.receiptKey, row.id),
    publicUrl: parts.publicUrl(),
  });
  if (Buffer.byteLength(payload) > MAX_PLAIN_BYTES)
    return { ...untried, kind: 'failed', reason: 'offer_too_large' };

  const waits = targets.map((target) => parts.holds.waitMs(originOf(target), now));
  if (!waits.includes(0)) {
    const verdict = laterOrNever(parts, due, Math.min(...waits), row.reason ?? 'service_unreachable');
    return { ...untried, ...verdict };
  }
  const ttlSeconds = Math.floor((row.expires_at_real - now) / 1000);
  const reachable = targets.filter((_, index) => waits[index] === 0);
  const outcomes = await Promise.all(
    reachable.map((target) => sendTo(parts, target, row.id, payload, ttlSeconds)),
  );
  const goneSubscriptions = reachable
    .filter((_, index) => outcomes[index]?.kind === 'gone')
    .map((target) => target.id);
  const isWhole = reachable.length === targets.length;
  return { id: row.id, attempted: true, goneSubscriptions, ...resultOf(parts, due, outcomes, isWhole) };
}

/** The offer is over before it went out. */
export function expiredResult({ id, reason }: DueDelivery['row']): DeliveryResult {
  return {
    id,
    attempted: false,
    goneSubscriptions: [],
    kind: 'expired',
    reason: reason === null ? 'expired' : `expired after ${reason}`,
  };
}

/** An endpoint that is no URL has no origin, and is refused when it is sent to. */
function originOf(target: PushTarget): string {
  return URL.canParse(target.endpoint) ? new URL(target.endpoint).origin : '';
}

async function sendTo(
  parts: DeliverParts,
  target: PushTarget,
  deliveryId: string,
  payload: string,
  ttlSeconds: number,
): Promise<PushOutcome> {
  const origin = originOf(target);
  if (origin === '') return BAD_SUBSCRIPTION;
  const authorization = parts.vapid.authorizationFor(origin);
  const message = { deliveryId, payload, ttlSeconds, urgency: urgencyOf(ttlSeconds) };
  let request: PushRequest;
  try {
    request = buildPushRequest(target, message, authorization, freshMessageSecrets());
  } catch {
    return BAD_SUBSCRIPTION; // keys that are no point of the curve stay so
  }
  const outcome = await parts.sender.send(request);
  parts.holds.note(origin, outcome, parts.realNow());
  return outcome;
}

const BAD_SUBSCRIPTION: PushOutcome = { kind: 'failed', reason: 'bad_subscription' };

type Verdict =
  | { readonly kind: 'sent' }
  | { readonly kind: 'retrying'; readonly nextAttemptAt: number; readonly reason: string }
  | { readonly kind: 'gone' | 'failed' | 'expired'; readonly reason: string };

/**
 * One verdict for several subscriptions: the best news counts.
 *
 * @param isWhole false where some subscriptions were left out, because their service does not answer at the moment
 */
function resultOf(
  parts: DeliverParts,
  due: DueDelivery,
  outcomes: readonly PushOutcome[],
  isWhole: boolean,
): Verdict {
  if (outcomes.some((outcome) => outcome.kind === 'sent')) return { kind: 'sent' };
  const retries = outcomes.filter((outcome) => outcome.kind === 'retry');
  if (retries.length > 0 || !isWhole) {
    const asked = retries.map((retry) => retry.afterMs);
    const soonest =
      asked.length === 0 || asked.includes(null) ? null : Math.min(...asked.map((ms) => ms ?? 0));
    const delayMs = retryDelayMs(due.row.attempts + 1, soonest, parts.random());
    return laterOrNever(parts, due, delayMs, retries[0]?.reason ?? 'service_unreachable');
  }
  const failed = outcomes.find((outcome) => outcome.kind === 'failed');
  return failed === undefined ? { kind: 'gone', reason: 'gone' } : { kind: 'failed', reason: failed.reason };
}

/** Another try, unless it would come after the offer's end. */
function laterOrNever(parts: DeliverParts, due: DueDelivery, delayMs: number, reason: string): Verdict {
  const nextAttemptAt = parts.realNow() + delayMs;
  if (nextAttemptAt >= due.row.expires_at_real) return { kind: 'expired', reason: `expired after ${reason}` };
  return { kind: 'retrying', nextAttemptAt, reason };
}
