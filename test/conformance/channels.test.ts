import { describe } from 'vitest';
import { createPushConnection } from '../../devices-sim/push-service/push-connection.ts';
import { createPushService } from '../../devices-sim/push-service/push-service.ts';
import { createSubscriber } from '../../devices-sim/push-service/subscriber.ts';
import type { Recipient } from '../../gateway/delivery/channels/channel.ts';
import { emailChannel } from '../../gateway/delivery/channels/email.ts';
import { inboxChannel } from '../../gateway/delivery/channels/inbox.ts';
import { newWebhookSecret } from '../../gateway/delivery/channels/standard-webhooks.ts';
import { webPushChannel } from '../../gateway/delivery/channels/web-push.ts';
import { webhookChannel } from '../../gateway/delivery/channels/webhook.ts';
import { createOutboundAgent } from '../../gateway/delivery/outbound.ts';
import { createPushSender } from '../../gateway/delivery/push-sender.ts';
import { createServiceHolds } from '../../gateway/delivery/service-holds.ts';
import { createServices } from '../../gateway/delivery/services.ts';
import { newVapidKeys } from '../../gateway/delivery/vapid-keys.ts';
import { createVapidSigners } from '../../gateway/delivery/vapid-signers.ts';
import { createSmtpMailer } from '../../gateway/mail/smtp-mailer.ts';
import { readMail, startSmtp } from '../support/smtp.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';
import { type ChannelFault, type ChannelKit, testChannel } from './channels.ts';

/** Ample for an answer on a busy machine; one test waits for it. */
const TIMEOUT_MS = 1_500;
const RECEIPT_KEY = Buffer.alloc(32, 7);
const NOBODY: Recipient = { browsers: [], webhook: null, email: null, hasApp: false };
const publicUrl = () => 'https://offers.example';

const newServices = () =>
  createServices(
    createServiceHolds(() => 0),
    Date.now,
    () => undefined,
  );

const webPush: ChannelKit = {
  name: 'web push',
  timeoutMs: TIMEOUT_MS,
  without: {},
  async open() {
    const topics: string[] = [];
    const service = createPushService({
      host: '127.0.0.1',
      port: 0,
      now: Date.now,
      onEvent: (event) => {
        if (event.kind === 'message') topics.push(event.topic ?? '');
      },
    });
    const { origin, webSocketUrl } = await service.start();
    const connection = createPushConnection({ url: webSocketUrl });
    await connection.start();
    const keys = newVapidKeys();
    const browser = createSubscriber({
      connection,
      applicationServerKey: keys.publicKey,
      onPayload: () => undefined,
    });
    const subscription = await browser.subscribe();
    const dead = 'http://127.0.0.1:9';
    const sender = createPushSender({
      extraOrigins: [origin, dead],
      realNow: Date.now,
      timeoutMs: TIMEOUT_MS,
    });
    const address = { endpoint: subscription.endpoint, ...subscription.keys };
    const browsers = [{ id: 'b', origin, vapidKey: keys.publicKey, ...address }];
    const recipient = { ...NOBODY, browsers };
    return {
      channel: webPushChannel({
        sender,
        signers: createVapidSigners({ current: keys, previous: [] }, 'mailto:ops@example.com', Date.now),
        services: newServices(),
        receiptKey: RECEIPT_KEY,
        publicUrl,
        realNow: Date.now,
      }),
      recipient,
      names: () => topics,
      async fail(fault) {
        switch (fault) {
          case 'unreachable':
            browsers[0] = {
              id: 'b',
              vapidKey: keys.publicKey,
              ...address,
              origin: dead,
              endpoint: `${dead}/x`,
            };
            return;
          case 'busy':
            service.faults.plan({ kind: 'status', status: 503 });
            return;
          case 'silent':
            service.faults.plan({ kind: 'hang' });
            return;
          case 'gone':
            await browser.unsubscribe();
            return;
          case 'refuses':
            service.faults.plan({ kind: 'status', status: 413 });
        }
      },
      async stop() {
        await sender.stop();
        await connection.stop();
        await service.stop();
      },
    };
  },
};

const webhook: ChannelKit = {
  name: 'webhook',
  timeoutMs: TIMEOUT_MS,
  without: {},
  async open() {
    const receiver = await startWebhookReceiver();
    const agent = createOutboundAgent({ trustedOrigins: [receiver.origin], timeoutMs: TIMEOUT_MS });
    const statuses = { busy: 503, gone: 410, refuses: 400 } as const;
    return {
      channel: webhookChannel({ agent, services: newServices(), receiptKey: RECEIPT_KEY, realNow: Date.now }),
      recipient: {
        ...NOBODY,
        webhook: { id: 'w', url: `${receiver.origin}/in`, secret: newWebhookSecret() },
      },
      names: () => receiver.received.map(({ headers }) => String(headers['webhook-id'])),
      async fail(fault) {
        if (fault === 'unreachable') await receiver.stop();
        else receiver.answer = fault === 'silent' ? 'hang' : { status: statuses[fault] };
      },
      async stop() {
        await agent.stop();
        await receiver.stop();
      },
    };
  },
};

const email: ChannelKit = {
  name: 'e-mail',
  timeoutMs: TIMEOUT_MS,
  without: { refuses: 'a refused address leads nowhere any more, and the next channel is tried' },
  async open() {
    let refusal: number | 'silence' | null = null;
    const server = await startSmtp({
      onRcptTo(_address, _session, callback) {
        if (refusal === 'silence') return;
        callback(refusal === null ? null : Object.assign(new Error('no'), { responseCode: refusal }));
      },
    });
    const mailer = createSmtpMailer(
      { url: server.url, from: 'shop@shop.example' },
      { timeoutMs: TIMEOUT_MS },
    );
    const refusals: Partial<Record<ChannelFault, number | 'silence'>> = {
      busy: 450,
      gone: 550,
      silent: 'silence',
    };
    return {
      channel: emailChannel({ mailer, services: newServices(), receiptKey: RECEIPT_KEY, publicUrl }),
      recipient: { ...NOBODY, email: 'ada@example.org' },
      names: () => server.received.map(({ raw }) => readMail(raw).headers.get('message-id') ?? ''),
      async fail(fault) {
        if (fault === 'unreachable') await server.stop();
        else refusal = refusals[fault] ?? null;
      },
      async stop() {
        mailer.stop();
        await server.stop();
      },
    };
  },
};

const NOT_ELSEWHERE = 'it is in the gateway itself';
const inbox: ChannelKit = {
  name: 'inbox',
  timeoutMs: TIMEOUT_MS,
  without: {
    unreachable: NOT_ELSEWHERE,
    busy: NOT_ELSEWHERE,
    silent: NOT_ELSEWHERE,
    gone: NOT_ELSEWHERE,
    refuses: NOT_ELSEWHERE,
  },
  open: async () => ({
    channel: inboxChannel(newServices()),
    recipient: { ...NOBODY, hasApp: true },
    names: null,
    fail: async () => undefined,
    stop: async () => undefined,
  }),
};

describe.each([webPush, webhook, email, inbox])('channel: $name', (kit) => testChannel(kit));
