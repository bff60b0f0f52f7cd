import { Type } from '@fastify/type-provider-typebox';
import { Closed, Id, Nullable, Time } from '../shapes.ts';

const DEFAULT_OVERLAP_SECONDS = 86_400;
const LONGEST_OVERLAP_SECONDS = 30 * 86_400;

/** What is asked for when a token is replaced; the body may be left out. */
export const TokenRequest = Type.Optional(
  Nullable(
    Closed({
      overlapSeconds: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: LONGEST_OVERLAP_SECONDS,
          description:
            'How long the old token stays good beside the new one, a day where left out; 0 ends it, and its connections, at once',
        }),
      ),
    }),
  ),
);

/** A user name and its token. */
export const UserToken = Type.Object({
  id: Id,
  token: Type.String({ description: 'The MQTT password; shown this once' }),
});

export const RenewedToken = Type.Object({
  ...UserToken.properties,
  oldTokenUntil: Nullable({
    ...Time,
    description: 'Real time until which the old token is good; null: it has ended',
  }),
});

/** When the old token ends. */
export function oldUntil(body: { readonly overlapSeconds?: number } | null | undefined, now: number): number {
  return now + (body?.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS) * 1_000;
}
