import { MAX_PLAIN_BYTES } from '../content-encryption.ts';
import { pushPayload } from '../push-payload.ts';
import { type PushPostParts, postPush } from '../push-post.ts';
import type { PostOutcome } from '../push-sender.ts';
import { signReceipt } from '../receipt-token.ts';
import type { Browser, Channel, ChannelOutcome, OutgoingOffer } from './channel.ts';

export interface WebPushParts extends PushPostParts {
  readonly receiptKey: Uint8Array;
  /** Where browsers reach the consumer app, without a trailing slash. */
  readonly publicUrl: () => string;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
}

/** Every live subscription of a person at once; one browser that has it is enough. */
export function webPushChannel(parts: WebPushParts): Channel {
  return {
    name: 'web-push',
    reaches: ({ browsers }) => browsers.length > 0,
    async send(offer, { browsers }) {
      const payload = pushPayload({
        id: offer.id,
        offer: offer.offer,
        expiresAtReal: offer.expiresAtReal,
        token: signReceipt(parts.receiptKey, offer.id),
        publicUrl: parts.publicUrl(),
      });
      if (Buffer.byteLength(payload) > MAX_PLAIN_BYTES) return { kind: 'failed', reason: 'offer_too_large' };
      const waits = browsers.map(({ origin }) => parts.services.waitMs(origin));
      if (!waits.includes(0))
        return { kind: 'held', afterMs: Math.min(...waits), reason: 'service_unreachable' };
      if (!offer.isStillWanted()) return { kind: 'unwanted' };
      const reachable = browsers.filter((_, index) => waits[index] === 0);
      const outcomes = await Promise.all(reachable.map((browser) => post(parts, browser, offer, payload)));
      const goneSubscriptions = reachable
        .filter((_, index) => outcomes[index]?.kind === 'gone')
        .map(({ id }) => id);
      return { goneSubscriptions, ...verdictOf(outcomes, reachable.length === browsers.length) };
    },
  };
}

function post(
  parts: WebPushParts,
  browser: Browser,
  offer: OutgoingOffer,
  payload: string,
): Promise<PostOutcome> {
  // What is over by then is not wanted any more, and does not leave.
  const ttlSeconds = () => Math.max(0, Math.floor((offer.expiresAtReal - parts.realNow()) / 1000));
  const { id, isStillWanted } = offer;
  return postPush(parts, browser, { id, payload, ttlSeconds, isStillWanted });
}

/**
 * One verdict for several browsers: the best news counts.
 *
 * @param isWhole false where some were left out, because their service does not answer at the moment
 */
function verdictOf(outcomes: readonly PostOutcome[], isWhole: boolean): ChannelOutcome {
  // A push service that took a message does not tell whether the browser got it.
  if (outcomes.some(({ kind }) => kind === 'sent')) return { kind: 'sent', isDelivered: false };
  if (outcomes.some(({ kind }) => kind === 'unwanted')) return { kind: 'unwanted' };
  const retries = outcomes.filter((outcome) => outcome.kind === 'retry');
  if (retries.length > 0 || !isWhole) {
    const asked = retries.map(({ afterMs }) => afterMs);
    const soonest =
      asked.length === 0 || asked.includes(null) ? null : Math.min(...asked.map((ms) => ms ?? 0));
    return { kind: 'retry', afterMs: soonest, reason: retries[0]?.reason ?? 'service_unreachable' };
  }
  const failed = outcomes.find((outcome) => outcome.kind === 'failed');
  return failed === undefined ? { kind: 'gone', reason: 'gone' } : { kind: 'failed', reason: failed.reason };
}
