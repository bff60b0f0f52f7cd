import { afterEach, expect, test } from 'vitest';
import { emailChannel } from '../../../../gateway/delivery/channels/email.ts';
import { createServiceHolds } from '../../../../gateway/delivery/service-holds.ts';
import { createServices } from '../../../../gateway/delivery/services.ts';
import { createSmtpMailer } from '../../../../gateway/mail/smtp-mailer.ts';
import { startSmtp } from '../../../support/smtp.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
});

test('what became of messages is counted as it was: taken, put off, refused for good', async () => {
  const codes: Record<string, number> = { full: 452, nobody: 550 };
  const server = await startSmtp({
    onRcptTo({ address }, _session, callback) {
      const responseCode = codes[address.split('@')[0] ?? ''];
      callback(responseCode === undefined ? null : Object.assign(new Error('no'), { responseCode }));
    },
  });
  stops.push(() => server.stop());
  const mailer = createSmtpMailer({ url: server.url, from: 'shop@shop.example' });
  stops.push(() => mailer.stop());
  const services = createServices(
    createServiceHolds(() => 0),
    Date.now,
    () => undefined,
  );
  const receiptKey = Buffer.alloc(32, 7);
  const publicUrl = () => 'https://offers.example';
  const channel = emailChannel({ mailer, services, receiptKey, publicUrl });
  const outcomes: unknown[] = [];
  for (const name of ['ada', 'full', 'nobody', 'full']) {
    const offer = {
      id: `d-${name}`,
      consumer: name,
      offer: { title: 't', body: 'b', expiresAt: 5 },
      createdAt: 0,
      expiresAtReal: 5,
      isStillWanted: () => true,
    };
    const recipient = { browsers: [], webhook: null, email: `${name}@example.org`, hasApp: false };
    outcomes.push((await channel.send(offer, recipient)).kind);
  }
  expect(outcomes).toEqual(['sent', 'retry', 'gone', 'retry']);
  expect(services.reports()).toMatchObject([{ origin: 'email', sent: 1, retried: 2, gone: 1 }]);
  expect(services.waitMs('email')).toBe(0);
});
