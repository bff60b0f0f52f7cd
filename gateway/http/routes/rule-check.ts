import { Type } from '@fastify/type-provider-typebox';
import { purposesOf } from '../../../rules/compiled-rule.ts';
import { checkRuleDocument } from '../checked-rule.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { previewOffers } from '../offer-preview.ts';
import { ruleContext } from '../rule-document.ts';
import { needsOfRule, RuleNeeds } from '../rule-needs.ts';
import { Nullable, Purpose } from '../shapes.ts';

/** What would be wrong with a rule if it were saved; saves nothing. For editors, while somebody types. */
export function registerRuleCheckRoute(app: HttpApp, { deps }: RouteContext): void {
  app.post(
    '/api/v1/rules/check',
    {
      schema: {
        summary: 'Check a rule document without saving it',
        description: 'Answers 200 also where there are problems: they are what was asked for.',
        tags: ['rules'],
        body: Type.Unsafe<unknown>({ description: 'The rule document, as JSON' }),
        response: {
          200: Type.Object({
            problems: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
            purposes: Nullable(
              Type.Array(Purpose, {
                description: 'What a person must have agreed to; null while there are problems',
              }),
            ),
            needs: RuleNeeds,
            previews: Type.Array(
              Type.Object({
                path: Type.String({ description: 'Of the offer in the document' }),
                title: Type.String(),
                body: Type.String(),
                url: Type.Optional(Type.String()),
                image: Type.Optional(Type.String()),
              }),
              {
                description:
                  'The offers as people would read them, with sample values; those with problems are left out',
              },
            ),
          }),
        },
      },
    },
    async (request) => {
      const context = await ruleContext(deps, [request.body]);
      const checked = checkRuleDocument(idOf(request.body), request.body, context);
      const previews = await previewOffers(deps, request.body, context);
      if (!checked.ok) return { problems: [...checked.problems], purposes: null, needs: [], previews };
      const { rule } = checked.value;
      const { deviceTypes } = context;
      return {
        problems: [],
        purposes: [...purposesOf(rule, deviceTypes)],
        needs: needsOfRule(rule, deviceTypes),
        previews,
      };
    },
  );
}

/** What stands there as the id, so that one that is missing or no id at all is a problem of its own. */
function idOf(body: unknown): string {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
  return typeof id === 'string' ? id : '';
}
