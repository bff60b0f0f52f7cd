import { Type } from '@fastify/type-provider-typebox';
import { readReceipt } from '../../delivery/receipt-token.ts';
import { WaysideError } from '../../errors.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { stopForDelivery } from '../stop-for-delivery.ts';

/** What withdrawn consents are noted to come from. */
const SOURCE = 'notification';

/** "Stop everything", the action on each notification. The token of the delivery is all the right that it takes. */
export function registerStopRoute(app: HttpApp, { deps }: RouteContext): void {
  // A POST alone: what fetches addresses by itself, such as a mail scanner, changes nothing.
  app.post(
    '/api/v1/stop/:token',
    {
      schema: {
        summary: 'Withdraw every consent and remove every browser of the person who got this offer',
        description: 'By the token that came with a notification. Sent again, nothing happens twice.',
        tags: ['receipts'],
        params: Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const deliveryId = readReceipt(deps.receiptKey, request.params.token);
      if (deliveryId === null) throw new WaysideError('forged_token', 'the token was not made here');
      await stopForDelivery(deps, deliveryId, SOURCE);
      return reply.code(204).send(null);
    },
  );
}
