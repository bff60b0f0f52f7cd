import { randomUUID } from 'node:crypto';
import type { RenderedOffer } from '../../rules/step.ts';
import { MAX_PLAIN_BYTES } from './content-encryption.ts';
import { pushPayload } from './push-payload.ts';
import { type PushPostParts, postPush } from './push-post.ts';
import type { PushTarget } from './push-request.ts';

/** An offer to somebody's own browser, to see how it looks. */
export interface TrialPush {
  readonly target: PushTarget & { readonly vapidKey: string };
  readonly offer: Pick<RenderedOffer, 'title' | 'body' | 'url' | 'image'>;
}

export interface TrialOutcome {
  readonly outcome: 'sent' | 'retry' | 'gone' | 'failed';
  readonly reason?: string;
}

/** It is looked at now or never. */
const TTL_SECONDS = 300;

/** Sends a trial at once, by the way of all offers. Nothing of it is kept, and nothing comes back: it has no token for receipts. */
export async function sendTrial(
  parts: PushPostParts & { readonly publicUrl: () => string; readonly realNow: () => number },
  { target, offer }: TrialPush,
): Promise<TrialOutcome> {
  const id = `trial-${randomUUID()}`;
  const payload = pushPayload({
    id,
    offer,
    expiresAtReal: parts.realNow() + TTL_SECONDS * 1000,
    token: null,
    publicUrl: parts.publicUrl(),
  });
  if (Buffer.byteLength(payload) > MAX_PLAIN_BYTES) return { outcome: 'failed', reason: 'offer_too_large' };
  const outcome = await postPush(parts, target, {
    id,
    payload,
    ttlSeconds: () => TTL_SECONDS,
    isStillWanted: () => true,
  });
  switch (outcome.kind) {
    case 'sent':
    case 'gone':
      return { outcome: outcome.kind };
    case 'retry':
    case 'failed':
      return { outcome: outcome.kind, reason: outcome.reason };
    case 'unwanted':
      return { outcome: 'failed', reason: outcome.kind };
  }
}
