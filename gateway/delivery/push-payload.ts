import type { RenderedOffer } from '../../rules/step.ts';
import { signReceipt } from './receipt-token.ts';

/** What the service worker decrypts; JSON. */
export interface PushPayload {
  /** Delivery id: shown at most once. */
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly image?: string;
  /** Real time, epoch ms, after which the offer must not be shown. */
  readonly expiresAt: number;
  /** For POST /api/v1/receipts. */
  readonly token: string;
}

/** @param expiresAtReal real time, for a browser knows nothing of the domain clock */
export function pushPayload(
  deliveryId: string,
  offer: RenderedOffer,
  expiresAtReal: number,
  receiptKey: Uint8Array,
): PushPayload {
  return {
    id: deliveryId,
    title: offer.title,
    body: offer.body,
    ...(offer.url === undefined ? {} : { url: offer.url }),
    ...(offer.image === undefined ? {} : { image: offer.image }),
    expiresAt: expiresAtReal,
    token: signReceipt(receiptKey, deliveryId),
  };
}
