import { expect, test } from 'vitest';
import type { Channel, ChannelOutcome } from '../../../gateway/delivery/channels/channel.ts';
import { deliver } from '../../../gateway/delivery/deliver.ts';
import type { DueDelivery } from '../../../gateway/delivery/due-facts.ts';

const END = 10_000;

/** An offer that may go out until `END`, to somebody whom any channel reaches. */
function due(reason: string | null = null): DueDelivery {
  const row = {
    id: 'd1',
    delivery_key: 'k',
    decision_id: 1,
    rule: 'coffee',
    consumer: 'anna',
    channel: 'web-push',
    state: 'queued',
    attempts: 0,
    offer_json: JSON.stringify({ title: 'Coffee', body: 'Half price', expiresAt: END }),
    created_at: 0,
    next_attempt_at: 0,
    expires_at_real: END,
    sent_at: null,
    delivered_at: null,
    shown_at: null,
    clicked_at: null,
    dismissed_at: null,
    reason,
    variant: null,
    campaign: null,
    code: null,
    lane: null,
    redeemed_at: null,
  } as const;
  return {
    row,
    recipient: { browsers: [], webhook: null, email: null, hasApp: true },
    lostSubscriptions: [],
    facts: {
      isStopped: false,
      rule: { state: 'live', needs: { purposes: [], ignoresQuietHours: true } },
      consumer: { granted: new Set(), wantsNone: false, quietHours: null, timezone: null },
    },
  };
}

/** A channel for which the offer waits for so long before it can leave. */
function slow(name: Channel['name'], waits: () => void, then: ChannelOutcome): Channel {
  return {
    name,
    reaches: () => true,
    async send(offer) {
      waits();
      return offer.isStillWanted() ? then : { kind: 'unwanted' };
    },
  };
}

function deliverBy(channels: readonly Channel[], now: () => number, offer = due()) {
  return deliver({ channels, domainNow: now, realNow: now, random: () => 0 }, offer, () => null);
}

test('an offer that is over when there is a connection for it has expired, and says after what', async () => {
  let now = 0;
  const channel = slow('web-push', () => (now = END), { kind: 'sent', isDelivered: false });
  expect(await deliverBy([channel], () => now)).toMatchObject({ kind: 'expired', reason: 'expired' });
  now = 0;
  expect(await deliverBy([channel], () => now, due('http_503'))).toMatchObject({
    kind: 'expired',
    reason: 'expired after http_503',
  });
  now = 0;
  const quick = slow('web-push', () => (now = END - 1), { kind: 'sent', isDelivered: false });
  expect(await deliverBy([quick], () => now)).toMatchObject({ kind: 'sent' });
});

test('nor does it go out by the next channel, once the first has taken too long to say that it leads nowhere', async () => {
  let now = 0;
  const gone: Channel = {
    name: 'web-push',
    reaches: () => true,
    async send() {
      now = END;
      return { kind: 'gone', reason: 'gone', goneSubscriptions: ['s1'] };
    },
  };
  const inbox = slow('inbox', () => undefined, { kind: 'sent', isDelivered: false });
  expect(await deliverBy([gone, inbox], () => now)).toMatchObject({
    kind: 'expired',
    attempted: true,
    goneSubscriptions: ['s1'],
  });
});
