import { Type } from '@fastify/type-provider-typebox';
import type { FeatureReport } from '../feature-import.ts';
import { Choice } from '../shapes.ts';

export const Feature = Type.Unsafe<object>({
  type: 'object',
  additionalProperties: true,
  description: 'GeoJSON Feature',
});

/** What became of each feature of an import. */
export const ImportReport = Type.Object({
  imported: Type.Integer(),
  refused: Type.Integer(),
  features: Type.Array(
    Type.Object({
      index: Type.Integer({ description: 'Position in the collection, from 0' }),
      id: Type.String(),
      status: Choice('imported', 'refused'),
      problems: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
    }),
  ),
});

export function importReport(features: readonly FeatureReport[]) {
  const shown = features.map((feature) =>
    feature.status === 'refused' ? { ...feature, problems: [...feature.problems] } : feature,
  );
  const imported = features.filter(({ status }) => status === 'imported').length;
  return { imported, refused: features.length - imported, features: shown };
}
