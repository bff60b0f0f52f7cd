import { type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { WaysideError } from '../../errors.ts';
import { writeAudits } from '../../records/audit.ts';
import { type GivenCode, listRedemptions, type Redemption, redeem } from '../../records/redemptions.ts';
import { tellEngineOfAnswers } from '../answered-consumers.ts';
import { createCodeGuesses, ONE_MORE_AFTER_MS } from '../code-guesses.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy, staffOf } from '../identity.ts';
import { reportedTime } from '../reported-time.ts';
import { Choice, Closed, Id, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';
import { BackoffError } from '../sign-in-backoff.ts';

/** Redemptions of one offline batch. */
const MOST_AT_ONCE = 1_000;
/** Redemptions in one transaction: the engine writes between two. */
const REDEMPTIONS_A_TRANSACTION = 25;
const BODY_LIMIT_BYTES = 1024 * 1024;

const Given = Closed({
  id: { ...Id, description: 'The till’s own id of this redemption; sent again, nothing happens twice' },
  code: Type.String({ minLength: 1, maxLength: 128 }),
  at: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'When the code was handed in, real time, epoch ms; now where left out, at most 7 days ago',
    }),
  ),
});

const offer = Type.Object({ title: Type.String() });
const Redeemed = Type.Object({
  id: Id,
  outcome: Choice('redeemed'),
  delivery: Type.String(),
  rule: Type.String(),
  offer,
  redeemedAt: Time,
});
const REFUSALS = [
  'unknown_code',
  'already_redeemed',
  'offer_over',
  'already_exists',
  'too_many_requests',
] as const;
const Outcome = Type.Object({
  id: Id,
  outcome: Choice('redeemed', ...REFUSALS),
  detail: Type.Optional(Type.String()),
  delivery: Type.Optional(Type.String()),
  rule: Type.Optional(Type.String()),
  offer: Type.Optional(offer),
  redeemedAt: Type.Optional(Time),
});

const Listed = Type.Object({
  id: Type.String(),
  till: Type.String({ description: 'Id of a till, or @ and the name of a member of staff' }),
  delivery: Type.String(),
  rule: Type.String(),
  offer,
  redeemedAt: Time,
  receivedAt: { ...Time, description: 'When it was told here; later where the till was offline' },
});

/** One-time codes that are handed in. */
export function registerRedemptionRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['redemptions'];
  const { records, clock } = deps;
  const guesses = createCodeGuesses(deps.realNow);
  const answered = tellEngineOfAnswers(app, deps);

  app.post(
    '/api/v1/redemptions',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Redeem a code, or what a till redeemed while it was offline',
        description:
          'By the bearer token of a till, or as admin or marketer. A list is answered with 200 and an outcome for each, in the same order: `redeemed`, or the code of the error that the single call gives. `too_many_requests`: too many codes were unknown before it; send it again later. The same `id` again gets the same answer.',
        tags,
        body: Type.Union([Given, Type.Array(Given, { minItems: 1, maxItems: MOST_AT_ONCE })]),
        response: {
          200: Type.Union([Redeemed, Type.Object({ items: Type.Array(Outcome) })]),
        },
      },
    },
    async (request) => {
      const { body } = request;
      if (Array.isArray(body)) {
        const outcomes = await redeemAll(request, body);
        return { items: body.map(({ id }, index) => outcomeOf(id, outcomes[index] as Redemption)) };
      }
      const [outcome] = await redeemAll(request, [body]);
      return redeemedOf(body.id, outcome as Redemption);
    },
  );

  app.get(
    '/api/v1/redemptions',
    {
      schema: {
        summary: 'Codes that were redeemed',
        tags,
        querystring: Closed({ ...PageQuery, till: Type.Optional(Type.String({ maxLength: 129 })) }),
        response: { 200: ListOf(Listed) },
      },
    },
    (request) => listRedemptions(records, request.query, pageRequest(request.query)),
  );

  /** In the order given: of a code that is there twice, the first counts. */
  async function redeemAll(
    request: FastifyRequest,
    given: readonly Static<typeof Given>[],
  ): Promise<readonly Redemption[]> {
    const { identity } = request;
    const till = identity?.kind === 'till' ? identity.till : `@${staffOf(request).name}`;
    const outcomes: Redemption[] = [];
    for (let start = 0; start < given.length; start += REDEMPTIONS_A_TRANSACTION) {
      const part = given.slice(start, start + REDEMPTIONS_A_TRANSACTION).map(
        ({ id, code, at }): GivenCode => ({
          id,
          code: code.trim(),
          at: at === undefined ? clock.now() : reportedTime(deps, at),
        }),
      );
      const done = await records.transaction().execute(async (trx) => {
        const redemptions: Redemption[] = [];
        for (const one of part) redemptions.push(await redeem(trx, till, one, clock.now(), guesses.of(till)));
        if (identity?.kind === 'staff') {
          // What a till redeems is in the list of redemptions; staff are noted in the audit log beside it.
          const subjects = redemptions
            .filter(isNew)
            .map(({ delivery }) => ({ subject: delivery.id, detail: {} }));
          await writeAudits(trx, changeBy(deps, request), 'redemption.made', subjects);
        }
        return redemptions;
      });
      for (const { delivery } of done.filter(isNew)) {
        deps.live.publish({ kind: 'delivery', delivery });
        answered.add(delivery.consumer);
      }
      outcomes.push(...done);
    }
    return outcomes;
  }
}

type Done = Extract<Redemption, { readonly kind: 'redeemed' }>;

function isNew(redemption: Redemption): redemption is Done {
  return redemption.kind === 'redeemed' && redemption.isNew;
}

/** The answer to one; throws what keeps it from being redeemed. */
function redeemedOf(id: string, redemption: Redemption): Static<typeof Redeemed> {
  if (redemption.kind === 'redeemed') {
    const { delivery, title, redeemedAt } = redemption;
    return {
      id,
      outcome: 'redeemed',
      delivery: delivery.id,
      rule: delivery.rule,
      offer: { title },
      redeemedAt,
    };
  }
  if (redemption.kind === 'too_many_requests') throw new BackoffError(ONE_MORE_AFTER_MS);
  throw new WaysideError(redemption.kind, detailOf(id, redemption));
}

function outcomeOf(id: string, redemption: Redemption): Static<typeof Outcome> {
  if (redemption.kind === 'redeemed') return redeemedOf(id, redemption);
  return { id, outcome: redemption.kind, detail: detailOf(id, redemption) };
}

function detailOf(id: string, refusal: Exclude<Redemption, Done>): string {
  switch (refusal.kind) {
    case 'unknown_code':
      return 'no offer carries this code';
    case 'already_redeemed':
      return `it was redeemed at ${new Date(refusal.redeemedAt).toISOString()}`;
    case 'offer_over':
      return refusal.expiredAt === null
        ? 'the offer was not sent'
        : `it ended at ${new Date(refusal.expiredAt).toISOString()}`;
    case 'already_exists':
      return `"${id}" is the redemption of another code`;
    case 'too_many_requests':
      return 'too many codes were unknown; send it again later';
  }
}
