import { type Static, Type } from '@fastify/type-provider-typebox';
import { getConsentPolicy, saveConsentPolicy } from '../../records/consent-policy.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Closed, Nullable, Time } from '../shapes.ts';

const Wording = Type.String({ minLength: 1, maxLength: 4_000 });
const InLanguages = Closed({ en: Wording, de: Wording, it: Wording });
const Wordings = Closed({
  location_offers: InLanguages,
  device_offers: InLanguages,
  health_offers: InLanguages,
});

export const Policy = Type.Object({
  version: Type.Integer({ description: 'Counts up; each consent names the one that it was given to' }),
  wordings: Wordings,
  updatedAt: Nullable({ ...Time, description: 'Null for the policy that is built in' }),
});
export type Policy = Static<typeof Policy>;

/** What people are asked when they are asked for a consent. */
export function registerConsentPolicyRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['consumers'];

  app.get(
    '/api/v1/consent-policy',
    {
      schema: { summary: 'What people are asked, by purpose and language', tags, response: { 200: Policy } },
    },
    () => getConsentPolicy(deps.records),
  );

  app.put(
    '/api/v1/consent-policy',
    {
      schema: {
        summary: 'Put another consent policy in force',
        description:
          'Under a version above the present one. Consents to earlier versions stay good, and the consumer page asks anew: where a purpose itself has changed, withdraw what was given.',
        tags,
        body: Closed({
          version: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
          wordings: Wordings,
        }),
        response: { 200: Policy },
      },
    },
    (request) => saveConsentPolicy(deps.records, request.body, changeBy(deps, request)),
  );
}
