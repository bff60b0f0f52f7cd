import { hash } from 'node:crypto';
import { browserKey } from './browser-keys.ts';
import { encryptMessage, type MessageSecrets } from './content-encryption.ts';

/** Where a browser is reached: what `PushSubscription.toJSON()` gives, keys in base64url. */
export interface PushTarget {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

/** RFC 8030 §5.3. */
export type Urgency = 'very-low' | 'low' | 'normal' | 'high';

/** How much a browser may put a message off to save its battery (RFC 8030 §5.3), by how long the offer holds. */
export function urgencyOf(ttlSeconds: number): Urgency {
  if (ttlSeconds <= HIGH_UP_TO_SECONDS) return 'high';
  return ttlSeconds <= NORMAL_UP_TO_SECONDS ? 'normal' : 'low';
}

const HIGH_UP_TO_SECONDS = 60 * 60;
const NORMAL_UP_TO_SECONDS = 12 * 60 * 60;

export interface PushMessage {
  /** Names the message: the same id always gives the same Topic. */
  readonly deliveryId: string;
  /** Plain JSON text; encrypted here. */
  readonly payload: string;
  /** Whole seconds for which the push service may keep the message while the browser is away. */
  readonly ttlSeconds: number;
  readonly urgency: Urgency;
}

export interface PushRequest {
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** In place of those above of the same name, once there is a place for it on a connection. */
  readonly timedHeaders?: () => Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Asked right before it is written. */
  readonly isStillWanted?: () => boolean;
}

/**
 * Builds the POST of RFC 8030 §5; sends nothing.
 *
 * @param authorization value of the Authorization header (RFC 8292) for the endpoint's origin
 * @param secrets fresh for this message
 * @throws when the endpoint is no URL, the keys are not of the right form, or the payload is over MAX_PLAIN_BYTES
 */
export function buildPushRequest(
  target: PushTarget,
  message: PushMessage,
  authorization: string,
  secrets: MessageSecrets,
): PushRequest {
  const body = encryptMessage(
    Buffer.from(message.payload),
    browserKey(target.p256dh),
    Buffer.from(target.auth, 'base64url'),
    secrets,
  );
  return {
    endpoint: new URL(target.endpoint),
    headers: {
      authorization,
      'content-encoding': 'aes128gcm',
      // Of the plain text. Push services pass it over; WebKit's explainer asks for it.
      'content-type': 'application/notification+json',
      'content-length': String(body.byteLength),
      ttl: String(message.ttlSeconds),
      topic: topicOf(message.deliveryId),
      urgency: message.urgency,
    },
    body,
  };
}

/**
 * The Topic of a delivery (RFC 8030 §5.4: at most 32 characters of base64url). A second sending after a crash so
 * replaces the first where the browser has not fetched it yet.
 */
export function topicOf(deliveryId: string): string {
  return hash('sha256', deliveryId, 'base64url').slice(0, 32);
}
