import { Type } from '@fastify/type-provider-typebox';
import { liveByOrigin } from '../../records/push-subscriptions.ts';
import { getSending } from '../../records/sending.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Choice, Closed, Nullable, PushSubscriptionBody, Time } from '../shapes.ts';
import { checkedSubscription } from './push-subscriptions.ts';

const Service = Type.Object({
  origin: Type.String({ description: 'Of a push service; `webhook:` and its id; `email`; `inbox`' }),
  subscriptions: Type.Integer({ description: 'Browsers that it stands for; 0 for other channels' }),
  sent: Type.Integer(),
  retried: Type.Integer(),
  gone: Type.Integer({ description: 'Subscriptions and addresses that turned out to be no more' }),
  refused: Type.Array(
    Type.Object({
      status: Type.Integer({ description: 'What no repetition mends: 400, 401, 403, 413' }),
      count: Type.Integer(),
      lastAt: Time,
    }),
  ),
  restingUntil: Nullable(Type.Integer({ description: 'Left alone until then, epoch ms' })),
});

/** As in rules: http on this machine alone, for trials. */
const Address = Type.String({
  maxLength: 2_048,
  pattern: '^(https://[A-Za-z0-9.-]+(:\\d+)?|http://(localhost|127\\.0\\.0\\.1)(:\\d+)?)([/?#]|$)',
});

const NOTHING = { sent: 0, retried: 0, gone: 0, refused: [], restingUntil: null };

/** How offers leave: what services make of them, a trial to one's own browser, and the keys that messages are signed with. */
export function registerPushServiceRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['delivery'];
  const { records } = deps;

  app.get(
    '/api/v1/push-services',
    {
      schema: {
        summary: 'What became of offers at each service, since the start',
        tags,
        response: {
          200: Type.Object({
            items: Type.Array(Service),
            waiting: Type.Integer({ description: 'Offers that wait to be sent' }),
            waitingSince: Nullable(Time),
          }),
        },
      },
    },
    async () => {
      const live = await liveByOrigin(records);
      const reports = new Map((await deps.delivery.services()).map((report) => [report.origin, report]));
      const origins = [...new Set([...live.keys(), ...reports.keys()])].sort();
      const items = origins.map((origin) => {
        const { refused, ...counts } = reports.get(origin) ?? NOTHING;
        return {
          ...counts,
          origin,
          subscriptions: live.get(origin) ?? 0,
          refused: refused.map((refusal) => ({ ...refusal })),
        };
      });
      const { outboxSize, oldestCreatedAt } = await deps.delivery.counters();
      return { items, waiting: outboxSize, waitingSince: oldestCreatedAt };
    },
  );

  app.post(
    '/api/v1/trial-pushes',
    {
      schema: {
        summary: 'Send an offer to one’s own browser, to see how it looks',
        description:
          'At once, by the way of all offers. Nothing is kept or counted; the browser need not be a consumer’s. `POST /api/v1/rules/check` gives the offers of a rule with sample values.',
        tags,
        body: Closed({
          subscription: PushSubscriptionBody,
          offer: Closed({
            title: Type.String({ minLength: 1, maxLength: 500 }),
            body: Type.String({ minLength: 1, maxLength: 5_000 }),
            url: Type.Optional(Address),
            image: Type.Optional(Address),
          }),
        }),
        response: {
          200: Type.Object({
            outcome: Choice('sent', 'retry', 'gone', 'failed'),
            reason: Type.Optional(Type.String()),
          }),
        },
      },
    },
    async (request) => {
      const { endpoint, keys, vapidKey } = checkedSubscription(deps, request.body.subscription);
      if ((await getSending(records)).stopped)
        return { outcome: 'failed' as const, reason: 'sending_stopped' };
      const target = { endpoint, ...keys, vapidKey };
      return deps.delivery.trial({ target, offer: request.body.offer });
    },
  );

  app.post(
    '/api/v1/push-key/rotate',
    {
      schema: {
        summary: 'Replace the key pair that messages to browsers are signed with',
        description:
          'In force at once. Browsers subscribe anew with the next visit of their page; until then they are sent to with the pair that they know.',
        tags,
        response: { 200: Type.Object({ publicKey: Type.String() }) },
      },
    },
    async (request) => ({ publicKey: await deps.pushKeys.rotate(changeBy(deps, request)) }),
  );
}
