import { randomUUID } from 'node:crypto';
import type { Mailboxes, StoredMessage, UserAgent } from './mailboxes.ts';
import type { VapidCheck } from './vapid-check.ts';

/** RFC 8030 §7.2: a push service has to take this much; the browsers' services take no more. */
export const MAX_BODY_BYTES = 4096;
/** RFC 8030 §5.2: a service may keep a message shorter than asked; the answer says how long. */
const LONGEST_TTL_SECONDS = 30 * 24 * 60 * 60;
const URGENCIES = ['very-low', 'low', 'normal', 'high'];

export interface PostedMessage {
  readonly token: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export type PostVerdict =
  | {
      readonly kind: 'taken';
      readonly agent: UserAgent;
      readonly message: StoredMessage;
      readonly ttlSeconds: number;
      readonly urgency: string;
    }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: string;
      readonly retryAfterSeconds?: number;
    };

/**
 * Judges one POST to a push endpoint as RFC 8030 §5 and RFC 8292 §4 ask, and keeps the message where it is good.
 *
 * @param origin of this service, as its endpoints have it
 * @param now epoch ms
 */
export function postMessage(
  mailboxes: Mailboxes,
  vapid: VapidCheck,
  posted: PostedMessage,
  origin: string,
  now: number,
): PostVerdict {
  const { headers, body } = posted;
  const found = mailboxes.find(posted.token);
  if (found.kind === 'unknown') return refused(404, 'no such subscription');
  if (found.kind === 'unsubscribed') return refused(410, 'the subscription has ended');

  const verdict = vapid.check(headers.authorization, origin, now);
  const expectedKey = found.channel.applicationServerKey;
  if (verdict.kind === 'invalid') return refused(403, verdict.reason);
  if (verdict.kind === 'missing' && expectedKey !== null)
    return refused(401, 'the subscription asks for VAPID');
  if (verdict.kind === 'valid' && expectedKey !== null && !sameKey(verdict.publicKey, expectedKey)) {
    return refused(403, 'the subscription belongs to another key');
  }

  if (!/^\d{1,10}$/.test(headers.ttl ?? '')) return refused(400, 'TTL is missing or no number of seconds');
  const topic = headers.topic ?? null;
  if (topic !== null && !/^[A-Za-z0-9_-]{1,32}$/.test(topic))
    return refused(400, 'Topic is not 1 to 32 of base64url');
  const urgency = headers.urgency ?? 'normal';
  if (!URGENCIES.includes(urgency)) return refused(400, `Urgency is none of ${URGENCIES.join(', ')}`);
  if (body.byteLength > MAX_BODY_BYTES) return refused(413, `the body is above ${MAX_BODY_BYTES} bytes`);
  if (body.byteLength > 0 && headers['content-encoding'] !== 'aes128gcm') {
    return refused(400, 'Content-Encoding is not aes128gcm');
  }

  const ttlSeconds = Math.min(Number(headers.ttl), LONGEST_TTL_SECONDS);
  const message: StoredMessage = {
    id: randomUUID(),
    channelId: found.channel.id,
    topic,
    expiresAt: now + ttlSeconds * 1000,
    body,
  };
  if (!mailboxes.store(found.agent, message, now)) {
    return { ...refused(429, 'too many messages wait'), retryAfterSeconds: 60 };
  }
  return { kind: 'taken', agent: found.agent, message, ttlSeconds, urgency };
}

function refused(status: number, reason: string): PostVerdict & { readonly kind: 'refused' } {
  return { kind: 'refused', status, reason };
}

/** Keys come padded or not, by browser. */
function sameKey(a: string, b: string): boolean {
  return Buffer.from(a, 'base64url').equals(Buffer.from(b, 'base64url'));
}
