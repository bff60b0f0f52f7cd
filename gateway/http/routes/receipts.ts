import { Type } from '@fastify/type-provider-typebox';
import { readReceipt } from '../../delivery/receipt-token.ts';
import { WaysideError } from '../../errors.ts';
import { applyReceipt, RECEIPT_KINDS } from '../../records/deliveries.ts';
import { tellEngineOfAnswers } from '../answered-consumers.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { reportedTime } from '../reported-time.ts';
import { Choice, Closed } from '../shapes.ts';

/** What browsers tell of an offer: shown, clicked, dismissed. The token is all the right that it takes. */
export function registerReceiptRoute(app: HttpApp, { deps }: RouteContext): void {
  const answered = tellEngineOfAnswers(app, deps);

  app.post(
    '/api/v1/receipts',
    {
      schema: {
        summary: 'Tell that an offer was shown, clicked or dismissed; telling it again changes nothing',
        tags: ['receipts'],
        body: Closed({
          token: Type.String({ minLength: 1, maxLength: 512 }),
          kind: Choice(...RECEIPT_KINDS),
          at: Type.Integer({ description: 'When it happened, real time, epoch ms', minimum: 0 }),
        }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { token, kind, at } = request.body;
      const deliveryId = readReceipt(deps.receiptKey, token);
      if (deliveryId === null) throw new WaysideError('forged_token', 'the token was not made here');
      const delivery = await applyReceipt(deps.records, deliveryId, kind, reportedTime(deps, at));
      if (delivery !== null) {
        deps.live.publish({ kind: 'delivery', delivery });
        answered.add(delivery.consumer);
      }
      return reply.code(204).send(null);
    },
  );
}
