import webPush from 'web-push';
import type { VapidKeys } from './vapid-keys.ts';

/** How long a signed token is used again. */
const KEEP_MS = 12 * 60 * 60_000;
/** Beyond its use, a token stays valid for an hour, so that clocks may differ. RFC 8292 §2 allows 24 h in all. */
const VALID_MS = KEEP_MS + 60 * 60_000;
/** Push services are few; some spread over numbered hosts. */
const MAX_ORIGINS = 1_000;

/** Gives Authorization headers (RFC 8292), signing once per push service and 12 h instead of once per message. */
export interface VapidTokens {
  /** @param origin of the push service, without a path */
  authorizationFor(origin: string): string;
}

/**
 * @param subject `mailto:` or `https:` address at which a push service reaches the operator
 * @param realNow epoch ms
 */
export function createVapidTokens(keys: VapidKeys, subject: string, realNow: () => number): VapidTokens {
  const kept = new Map<string, { readonly header: string; readonly until: number }>();
  return {
    authorizationFor(origin) {
      const now = realNow();
      const known = kept.get(origin);
      if (known !== undefined && known.until > now) return known.header;
      const expiresAtSeconds = Math.floor((now + VALID_MS) / 1000);
      const header = webPush.getVapidHeaders(
        origin,
        subject,
        keys.publicKey,
        keys.privateKey,
        'aes128gcm',
        expiresAtSeconds,
      ).Authorization;
      kept.delete(origin);
      if (kept.size >= MAX_ORIGINS) {
        const oldest = kept.keys().next();
        if (!oldest.done) kept.delete(oldest.value);
      }
      kept.set(origin, { header, until: now + KEEP_MS });
      return header;
    },
  };
}
