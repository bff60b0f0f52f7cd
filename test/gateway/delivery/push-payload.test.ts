import { expect, test } from 'vitest';
import { MAX_PLAIN_BYTES } from '../../../gateway/delivery/content-encryption.ts';
import {
  PLANNED_BYTES,
  type PushPayload,
  type PushPayloadParts,
  pushPayload,
} from '../../../gateway/delivery/push-payload.ts';
import { urgencyOf } from '../../../gateway/delivery/push-request.ts';

const OFFER = {
  title: 'Half a coffee',
  body: 'At the corner',
  url: 'https://shop.example/coffee',
  image: 'https://shop.example/cup.png',
};
const FAMILY = '👨‍👩‍👧';

function payloadOf(change: Partial<PushPayloadParts> = {}): { text: string; payload: PushPayload } {
  const text = pushPayload({
    id: 'd1',
    offer: OFFER,
    expiresAtReal: 1_800_000_000_000,
    token: 'a.b',
    publicUrl: 'https://offers.example',
    ...change,
  });
  return { text, payload: JSON.parse(text) };
}

test('is a declarative push message with all that a service worker needs', () => {
  expect(payloadOf().payload).toEqual({
    web_push: 8030,
    mutable: true,
    notification: {
      title: 'Half a coffee',
      body: 'At the corner',
      navigate: 'https://offers.example/me/offers/d1',
      tag: 'd1',
      icon: 'https://offers.example/icons/icon-192.png',
      image: 'https://shop.example/cup.png',
      data: { id: 'd1', token: 'a.b', url: 'https://shop.example/coffee', expiresAt: 1_800_000_000_000 },
    },
  });
});

test('has no token in a trial, and no addresses that the offer lacks', () => {
  const { payload } = payloadOf({ token: null, offer: { title: 'a', body: 'b' } });
  expect(payload.notification.data).toEqual({ id: 'd1', expiresAt: 1_800_000_000_000 });
  expect(payload.notification).not.toHaveProperty('image');
});

test.each([
  ['Latin', 'Käse und Brot '.repeat(200)],
  ['letters that JSON escapes', '"\\\u0001'.repeat(700)],
  ['Chinese', '半价咖啡'.repeat(500)],
  ['families', FAMILY.repeat(250)],
])('a long text is cut to what fits, at the end of a character: %s', (_, body) => {
  const { text, payload } = payloadOf({ offer: { ...OFFER, body } });
  const bytes = Buffer.byteLength(text);
  expect(bytes).toBeLessThan(PLANNED_BYTES);
  expect(bytes).toBeGreaterThan(PLANNED_BYTES - 40);
  const shown = payload.notification.body;
  expect(shown.endsWith('…')).toBe(true);
  expect(body.startsWith(shown.slice(0, -1))).toBe(true);
  if (body.startsWith(FAMILY)) expect(shown.slice(0, -1).length % FAMILY.length).toBe(0);
  expect(payload.notification.image).toBe(OFFER.image);
});

test('where addresses are long, the first to go is the one that the page of the offer has too', () => {
  const long = (length: number) => `https://shop.example/${'x'.repeat(length)}`;
  const body = 'word '.repeat(300);
  const withoutUrl = payloadOf({ offer: { ...OFFER, body, url: long(1_200), image: long(1_000) } });
  expect(withoutUrl.payload.notification.data).not.toHaveProperty('url');
  expect(withoutUrl.payload.notification.image).toBe(long(1_000));
  expect(Buffer.byteLength(withoutUrl.text)).toBeLessThan(PLANNED_BYTES);
  expect(withoutUrl.payload.notification.body.length).toBeGreaterThan(500);

  const bare = payloadOf({ offer: { ...OFFER, body, url: long(2_000), image: long(2_100) } });
  expect(bare.payload.notification).not.toHaveProperty('image');
  expect(Buffer.byteLength(bare.text)).toBeLessThan(PLANNED_BYTES);
});

test('a title that is too long for every service stays so, and is refused where it is sent', () => {
  expect(
    Buffer.byteLength(payloadOf({ offer: { title: 'x'.repeat(5_000), body: '' } }).text),
  ).toBeGreaterThan(MAX_PLAIN_BYTES);
});

test('urgency goes by how long the offer holds', () => {
  expect([1, 3_600, 3_601, 43_200, 43_201].map(urgencyOf)).toEqual([
    'high',
    'high',
    'normal',
    'normal',
    'low',
  ]);
});
