import { freshMessageSecrets } from './content-encryption.ts';
import { buildPushRequest, type PushRequest, type PushTarget, urgencyOf } from './push-request.ts';
import type { PostOutcome, PushOutcome, PushSender } from './push-sender.ts';
import type { Services } from './services.ts';
import type { VapidSigners } from './vapid-signers.ts';

export interface PushPostParts {
  readonly sender: PushSender;
  readonly signers: VapidSigners;
  readonly services: Services;
}

export interface PushPostMessage {
  /** Names the message. */
  readonly id: string;
  /** JSON text of at most MAX_PLAIN_BYTES. */
  readonly payload: string;
  /** Whole seconds for which the push service may keep it; asked again when there is a place for it on a connection. */
  readonly ttlSeconds: () => number;
  /** Asked right before anything leaves. */
  readonly isStillWanted: () => boolean;
}

/** An endpoint that is no URL has no origin, and is refused when it is sent to. */
export function originOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).origin : '';
}

const BAD_SUBSCRIPTION: PushOutcome = { kind: 'failed', reason: 'bad_subscription' };

/** Encrypts, signs and posts one message to one browser, and remembers how its push service did. Never rejects. */
export async function postPush(
  { sender, signers, services }: PushPostParts,
  target: PushTarget & { readonly vapidKey: string },
  { id, payload, ttlSeconds, isStillWanted }: PushPostMessage,
): Promise<PostOutcome> {
  const origin = originOf(target.endpoint);
  if (origin === '') return BAD_SUBSCRIPTION;
  const authorization = signers.authorizationFor(origin, target.vapidKey);
  // The pair it subscribed with is no more: the browser takes nothing from us until it has subscribed anew.
  if (authorization === null) return { kind: 'gone' };
  let request: PushRequest;
  try {
    const ttl = ttlSeconds();
    const message = { deliveryId: id, payload, ttlSeconds: ttl, urgency: urgencyOf(ttl) };
    request = buildPushRequest(target, message, authorization, freshMessageSecrets());
  } catch {
    return BAD_SUBSCRIPTION; // keys that are no point of the curve stay so
  }
  const timedHeaders = () => ({ ttl: String(ttlSeconds()) });
  const outcome = await sender.send({ ...request, timedHeaders, isStillWanted });
  if (outcome.kind !== 'unwanted') services.note(origin, outcome);
  return outcome;
}
