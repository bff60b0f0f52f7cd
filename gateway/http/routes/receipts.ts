import { Type } from '@fastify/type-provider-typebox';
import { readReceipt } from '../../delivery/receipt-token.ts';
import { WaysideError } from '../../errors.ts';
import { applyReceipt, RECEIPT_KINDS } from '../../records/deliveries.ts';
import { gatherAnswered } from '../answered-consumers.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Choice, Closed } from '../shapes.ts';

/** A receipt may come late (the browser was offline), not from before any offer could have been sent. */
const OLDEST_RECEIPT_MS = 7 * 86_400_000;

/** What browsers tell of an offer: shown, clicked, dismissed. The token is all the right that it takes. */
export function registerReceiptRoute(app: HttpApp, { deps }: RouteContext): void {
  const answered = gatherAnswered((ids) => {
    deps.changed({ kind: 'consumers', ids }).catch((error: unknown) => {
      deps.log.error({ err: error }, 'the engine could not be told of receipts');
    });
  });
  app.addHook('onClose', async () => answered.stop());

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
      const delivery = await applyReceipt(deps.records, deliveryId, kind, domainTime(at));
      if (delivery !== null) {
        deps.live.publish({ kind: 'delivery', delivery });
        answered.add(delivery.consumer);
      }
      return reply.code(204).send(null);
    },
  );

  /** The browser's clock is its own: no later than now, no earlier than a week ago, and scaled as the domain clock is. */
  function domainTime(at: number): number {
    const agoMs = Math.min(Math.max(deps.realNow() - at, 0), OLDEST_RECEIPT_MS);
    return Math.round(deps.clock.now() - agoMs * deps.clock.timeScale);
  }
}
