import type { OutboundAgent } from '../outbound.ts';
import { type PushOutcome, postOutcome } from '../push-sender.ts';
import { signReceipt } from '../receipt-token.ts';
import type { Services } from '../services.ts';
import type { Channel, ChannelOutcome, OutgoingOffer } from './channel.ts';
import { webhookHeaders } from './standard-webhooks.ts';

export interface WebhookParts {
  readonly agent: Pick<OutboundAgent, 'post'>;
  readonly services: Services;
  readonly receiptKey: Uint8Array;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
}

/** A service of the operator's that brings offers to people in its own way, told by signed messages (Standard Webhooks). */
export function webhookChannel(parts: WebhookParts): Channel {
  return {
    name: 'webhook',
    reaches: ({ webhook }) => webhook !== null,
    async send(offer, { webhook }) {
      if (webhook === null) return { kind: 'gone', reason: 'no_webhook' };
      if (webhook.secret === null) return { kind: 'failed', reason: 'webhook_secret_lost' };
      const service = `webhook:${webhook.id}`;
      const waitMs = parts.services.waitMs(service);
      if (waitMs > 0) return { kind: 'held', afterMs: waitMs, reason: 'service_unreachable' };
      if (!offer.isStillWanted()) return { kind: 'unwanted' };
      const body = bodyOf(offer, parts.receiptKey);
      const now = parts.realNow();
      const request = {
        endpoint: new URL(webhook.url),
        headers: {
          ...webhookHeaders(webhook.secret, offer.id, Math.floor(now / 1000), body),
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
        },
        body: Buffer.from(body),
        isStillWanted: offer.isStillWanted,
      };
      const outcome = await postOutcome(parts.agent, request, parts.realNow);
      if (outcome.kind === 'unwanted') return outcome;
      parts.services.note(service, outcome);
      return verdictOf(outcome);
    },
  };
}

function verdictOf(outcome: PushOutcome): ChannelOutcome {
  switch (outcome.kind) {
    case 'sent':
      return { kind: 'sent', isDelivered: true };
    case 'retry':
      return outcome;
    case 'gone':
      return { kind: 'gone', reason: 'webhook_gone' };
    case 'failed':
      return { kind: 'failed', reason: outcome.reason };
  }
}

/** Always the same text for one offer, so that a repetition is one. */
function bodyOf({ id, consumer, offer, createdAt, expiresAtReal }: OutgoingOffer, key: Uint8Array): string {
  return JSON.stringify({
    type: 'offer',
    timestamp: new Date(createdAt).toISOString(),
    data: {
      id,
      consumer,
      title: offer.title,
      body: offer.body,
      ...(offer.url !== undefined && { url: offer.url }),
      ...(offer.image !== undefined && { image: offer.image }),
      ...(offer.code !== undefined && { code: offer.code }),
      expiresAt: expiresAtReal,
      token: signReceipt(key, id),
    },
  });
}
