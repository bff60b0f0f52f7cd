/** What the gateway sends in a push, after decryption. */
export interface PushMessage {
  /** Id of the delivery: one showing for one id. */
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly url: string | null;
  readonly image: string | null;
  /** Real time, epoch ms, after which it must not be shown. */
  readonly expiresAt: number;
  /** Proof for receipts about this delivery. */
  readonly token: string;
}

/** Reads a push payload; null where it is none of the gateway's. Links are kept only if they are http or https. */
export function readPushMessage(payload: unknown): PushMessage | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { id, title, body, url, image, expiresAt, token } = payload as Record<string, unknown>;
  if (typeof id !== 'string' || typeof title !== 'string' || typeof token !== 'string') return null;
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) return null;
  return {
    id,
    title,
    body: typeof body === 'string' ? body : '',
    url: webAddress(url),
    image: webAddress(image),
    expiresAt,
    token,
  };
}

/** The address if it is one that a page may open: never `javascript:` or `data:`. */
export function webAddress(value: unknown): string | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const { protocol, href } = new URL(value);
  return protocol === 'https:' || protocol === 'http:' ? href : null;
}
