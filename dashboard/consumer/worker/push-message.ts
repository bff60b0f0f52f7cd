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
  /** Proof for receipts about this delivery; null where nobody counts, as in a trial. */
  readonly token: string | null;
}

/**
 * Reads a push payload, a declarative push message; null where it is none of the gateway's. Links are kept only if they are
 * http or https.
 */
export function readPushMessage(payload: unknown): PushMessage | null {
  const { notification } = fieldsOf(payload);
  const { title, body, image, data } = fieldsOf(notification);
  const { id, url, token, expiresAt } = fieldsOf(data);
  if (typeof id !== 'string' || typeof title !== 'string') return null;
  if (token !== undefined && typeof token !== 'string') return null;
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) return null;
  return {
    id,
    title,
    body: typeof body === 'string' ? body : '',
    url: webAddress(url),
    image: webAddress(image),
    expiresAt,
    token: token ?? null,
  };
}

/** The address if it is one that a page may open: never `javascript:` or `data:`. */
export function webAddress(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const address = addressOf(value);
  return address?.protocol === 'https:' || address?.protocol === 'http:' ? address.href : null;
}

/** Not by URL.canParse, which iOS 16 lacks, though it has push. */
function addressOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
