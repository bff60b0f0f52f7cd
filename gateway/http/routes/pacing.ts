import { Type } from '@fastify/type-provider-typebox';
import { parsePacing } from '../../../rules/pacing/pacing.ts';
import { getPacing, savePacing } from '../../records/pacing.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { invalidDocument } from '../refused.ts';
import { Nullable, Time } from '../shapes.ts';

const PacingShape = Type.Object({
  perConsumer: Nullable(
    Type.Object({ count: Type.Integer(), per: Type.String({ description: 'ISO 8601 duration' }) }),
  ),
  updatedAt: Nullable(Time),
});

interface PacingDocument {
  readonly perConsumer?: { readonly count: number; readonly per: string } | null;
}

const shown = (document: object, updatedAt: number | null) => {
  const { perConsumer = null } = document as PacingDocument;
  return { perConsumer: perConsumer === null ? null : { ...perConsumer }, updatedAt };
};

/** Limits that hold across all rules. */
export function registerPacingRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['rules'];
  const { records } = deps;

  app.get(
    '/api/v1/pacing',
    { schema: { summary: 'Limits that hold across all rules', tags, response: { 200: PacingShape } } },
    async () => {
      const saved = await getPacing(records);
      return shown(saved?.document ?? {}, saved?.updatedAt ?? null);
    },
  );

  app.put(
    '/api/v1/pacing',
    {
      schema: {
        summary: 'Set the limits that hold across all rules',
        description:
          '`{perConsumer: {count: 3, per: "P1D"}}`: one person gets at most so many offers of all rules together within that time; `null`: no limit. What is beyond it is `global_cap`.',
        tags,
        body: Type.Unsafe<unknown>({ description: 'The limits' }),
        response: { 200: PacingShape },
      },
    },
    async (request) => {
      const parsed = parsePacing(request.body);
      if (!parsed.ok) throw invalidDocument(parsed.problems);
      const document = request.body as object;
      const change = changeBy(deps, request);
      await savePacing(records, document, change);
      await deps.changed({ kind: 'pacing' });
      return shown(document, change.at);
    },
  );
}
