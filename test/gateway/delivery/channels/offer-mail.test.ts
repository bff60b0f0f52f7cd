import { expect, test } from 'vitest';
import { offerMail } from '../../../../gateway/delivery/channels/offer-mail.ts';

const PARTS = {
  id: 'd/1',
  offer: {
    title: 'Coffee & <b>cake</b>',
    body: 'Half price\n"today" <script>alert(1)</script>',
    url: 'https://shop.example/?a=1&b="2"',
    image: 'https://tracker.example/pixel.png',
    code: '<A&1>',
    expiresAt: 5,
  },
  expiresAtReal: Date.UTC(2026, 5, 1, 12, 30),
  publicUrl: 'https://offers.example',
  unsubscribeToken: 'abc.def',
};

test('plain text says all: offer, code, address, end, page, and how to stop', () => {
  const { subject, text } = offerMail(PARTS);
  expect(subject).toBe(PARTS.offer.title);
  for (const part of [
    PARTS.offer.body,
    'Your code: <A&1>',
    PARTS.offer.url,
    'Good until 2026-06-01 12:30 UTC',
    'https://offers.example/me/offers/d%2F1',
    'https://offers.example/me\n',
    'Stop everything: https://offers.example/api/v1/unsubscribe/abc.def',
  ])
    expect(text).toContain(part);
});

test('HTML holds nothing of an offer as markup, and loads nothing from anywhere', () => {
  const { html = '' } = offerMail(PARTS);
  expect(html).not.toContain('<script');
  expect(html).not.toContain('<b>');
  expect(html).not.toContain('tracker.example');
  expect(html).toContain('Coffee &amp; &lt;b&gt;cake&lt;/b&gt;');
  expect(html).toContain('Half price<br>&quot;today&quot;');
  expect(html).toContain('href="https://shop.example/?a=1&amp;b=&quot;2&quot;"');
  expect(html).toContain('&lt;A&amp;1&gt;');
});

test('mailboxes are told how to end it by one press (RFC 2369, RFC 8058)', () => {
  expect(offerMail(PARTS).headers).toMatchObject({
    'List-Unsubscribe': '<https://offers.example/api/v1/unsubscribe/abc.def>',
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  });
});

test('what an offer does not have is left out', () => {
  const { text, html = '' } = offerMail({ ...PARTS, offer: { title: 't', body: 'b', expiresAt: 5 } });
  expect(text).not.toContain('code');
  expect(html).not.toContain('code');
  expect(html).not.toContain('To the offer');
});
