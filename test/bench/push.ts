import { createECDH, randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { loadavg } from 'node:os';
import webPush from 'web-push';
import { freshMessageSecrets } from '../../gateway/delivery/content-encryption.ts';
import { pushPayload } from '../../gateway/delivery/push-payload.ts';
import { buildPushRequest, topicOf } from '../../gateway/delivery/push-request.ts';
import { createPushSender } from '../../gateway/delivery/push-sender.ts';
import { createVapidTokens } from '../../gateway/delivery/vapid-tokens.ts';
import { hasOpenssl, selfSignedCertificate } from '../support/self-signed.ts';
import type { Bench, BenchResult, BenchRow } from './bench.ts';
import { drain } from './push-drain.ts';
import { isolation } from './push-isolation.ts';
import { type Receiver, startReceiver } from './receivers.ts';

const SUBSCRIPTIONS = 500;
const MESSAGES_PER_ROUND = 1_000;
/** Contenders take turns, so that a slow spell of the machine hits all of them. */
const ROUNDS = 20;
const AT_ONCE = 32;
const SUBJECT = 'mailto:ops@example.com';
/** Of the whole by default; a smaller one is for trying the benchmark itself. */
const SHARE = Number(process.env.BENCH_SHARE ?? 1);
const PAYLOAD = pushPayload({
  id: '0199c9a4-6f2e-7000-8000-3d2f0c1b5a77',
  offer: {
    title: '5 ct off a litre at the Central Station',
    body: 'Your tank is low, and this one is on your way. Show the code at the till within 30 minutes.',
    url: 'https://shop.example.com/offers/fuel?utm_source=wayside',
  },
  expiresAtReal: 1_763_756_400_000,
  token: 'MDE5OWM5YTQtNmYyZS03MDAwLTgwMDAtM2QyZjBjMWI1YTc3.k3v1mVQfJwGv7s0o0c1Qm0o2m6m0R0Zk0e3j5Vw9m1A',
  publicUrl: 'https://offers.example.com',
});

interface Subscription {
  readonly path: string;
  readonly p256dh: string;
  readonly auth: string;
}

interface Contender {
  readonly subject: string;
  readonly receiver: Receiver;
  send(subscription: Subscription): Promise<void>;
  cpuMs: number;
  wallMs: number;
  stop(): Promise<void>;
}

/** Building, encrypting, signing and sending, against `web-push`, the library that nearly every Node project sends with. */
export const pushBench: Bench = {
  name: 'push',
  about:
    "CPU of a push message beside web-push's, a service that misbehaves beside others, 100,000 queued offers",
  async run(progress) {
    return [await cpuOfMessages(progress), await isolation(SHARE, progress), await drain(SHARE, progress)];
  },
};

async function cpuOfMessages(progress: (line: string) => void): Promise<BenchResult> {
  if (!(await hasOpenssl())) throw new Error('the push benchmark needs openssl for a certificate');
  const tls = await selfSignedCertificate();
  const receivers = [await startReceiver('h1', tls), await startReceiver('h2', tls)] as const;
  const contenders = contendersOf(receivers, tls.cert);
  try {
    const subscriptions = Array.from({ length: SUBSCRIPTIONS }, (_, index) => newSubscription(index));
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const contender of contenders) {
        progress(`${round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`}: ${contender.subject}`);
        await runRound(contender, subscriptions, round > 0);
      }
    }
    await checkArrivals(receivers, contenders.length);
  } finally {
    for (const contender of contenders) await contender.stop();
    for (const receiver of receivers) receiver.stop();
  }
  const [peer, ours, oursOverH2] = contenders.map(perMessage);
  const ratio = (figure = Number.NaN) => (peer ?? Number.NaN) / figure;
  return {
    name: 'push',
    conditions:
      `${ROUNDS} rounds of ${MESSAGES_PER_ROUND} messages of ${PAYLOAD.length} bytes to ${SUBSCRIPTIONS} subscriptions, ${AT_ONCE} at once, ` +
      `TLS on loopback, kept connections for all, receiver in another process; Wayside keeps the read keys of the ${SUBSCRIPTIONS} browsers ` +
      `for the next message, as it does in use. CPU time is user + system of the sender. Load average at the end: ${loadavg()[0]?.toFixed(1)}.`,
    columns: ['CPU ms a message', 'messages/s a core', 'messages/s on the clock'],
    rows: contenders.map(rowOf),
    ratios: [
      { name: 'Wayside over HTTP/1.1 : web-push, messages a core', value: ratio(ours), aim: '3 or more' },
      {
        name: 'Wayside over HTTP/2 : web-push, messages a core',
        value: ratio(oursOverH2),
        aim: '3 or more',
      },
    ],
  };
}

function contendersOf([plain, modern]: readonly [Receiver, Receiver], ca: string): Contender[] {
  const keys = webPush.generateVAPIDKeys();
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca });
  const peer: Contender = {
    subject: 'web-push sendNotification',
    receiver: plain,
    cpuMs: 0,
    wallMs: 0,
    async send({ path, p256dh, auth }) {
      const subscription = { endpoint: plain.origin + path, keys: { p256dh, auth } };
      const vapidDetails = { subject: SUBJECT, ...keys };
      await webPush.sendNotification(subscription, PAYLOAD, {
        vapidDetails,
        TTL: 1_800,
        urgency: 'high',
        topic: topicOf(path),
        agent,
      });
    },
    stop: async () => agent.destroy(),
  };
  return [
    peer,
    ourContender('Wayside, HTTP/1.1', plain, keys, ca),
    ourContender('Wayside, HTTP/2', modern, keys, ca),
  ];
}

function ourContender(subject: string, receiver: Receiver, keys: webPush.VapidKeys, ca: string): Contender {
  const vapid = createVapidTokens(keys, SUBJECT, Date.now);
  const sender = createPushSender({ extraOrigins: [receiver.origin], realNow: Date.now, tls: { ca } });
  return {
    subject,
    receiver,
    cpuMs: 0,
    wallMs: 0,
    async send({ path, p256dh, auth }) {
      const target = { endpoint: receiver.origin + path, p256dh, auth };
      const message = { deliveryId: path, payload: PAYLOAD, ttlSeconds: 1_800, urgency: 'high' } as const;
      const authorization = vapid.authorizationFor(receiver.origin);
      const outcome = await sender.send(
        buildPushRequest(target, message, authorization, freshMessageSecrets()),
      );
      if (outcome.kind !== 'sent') throw new Error(`${subject}: ${JSON.stringify(outcome)}`);
    },
    stop: () => sender.stop(),
  };
}

async function runRound(
  contender: Contender,
  subscriptions: readonly Subscription[],
  counts: boolean,
): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < MESSAGES_PER_ROUND; index = next++) {
      const subscription = subscriptions[index % subscriptions.length];
      if (subscription !== undefined) await contender.send(subscription);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const cpu = process.cpuUsage(cpuBefore);
  if (!counts) return;
  contender.cpuMs += (cpu.user + cpu.system) / 1000;
  contender.wallMs += performance.now() - wallBefore;
}

/** No figure may come from messages that never arrived. */
async function checkArrivals(receivers: readonly Receiver[], contenders: number): Promise<void> {
  const taken = await Promise.all(receivers.map((receiver) => receiver.taken()));
  const arrived = taken.reduce((sum, count) => sum + count, 0);
  const expected = contenders * (ROUNDS + 1) * MESSAGES_PER_ROUND;
  if (arrived !== expected) throw new Error(`${arrived} messages arrived of ${expected}`);
}

function perMessage({ cpuMs }: Contender): number {
  return cpuMs / (ROUNDS * MESSAGES_PER_ROUND);
}

function rowOf(contender: Contender): BenchRow {
  const cpuMs = perMessage(contender);
  return {
    subject: contender.subject,
    figures: {
      'CPU ms a message': cpuMs.toFixed(3),
      'messages/s a core': 1000 / cpuMs,
      'messages/s on the clock': (1000 * ROUNDS * MESSAGES_PER_ROUND) / contender.wallMs,
    },
  };
}

function newSubscription(index: number): Subscription {
  const p256dh = createECDH('prime256v1').generateKeys('base64url');
  return { path: `/wpush/v2/subscription-${index}`, p256dh, auth: randomBytes(16).toString('base64url') };
}
