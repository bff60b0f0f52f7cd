import { Type } from '@fastify/type-provider-typebox';
import { findPlaces, findTags, namesOfPlaces } from '../../records/place-search.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Closed } from '../shapes.ts';

/** Places and tags by a part of their name, for whoever has to name one. */
export function registerPlaceSearchRoute(app: HttpApp, { deps: { records } }: RouteContext): void {
  app.get(
    '/api/v1/place-search',
    {
      schema: {
        summary: 'Places and tags by a part of their name or id',
        tags: ['places'],
        querystring: Closed({
          ids: Type.Optional(
            Type.String({
              maxLength: 8_000,
              description: 'Ids, separated by commas: the places of these alone, and no tags',
            }),
          ),
          text: Type.Optional(Type.String({ maxLength: 128, default: '' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
        }),
        response: {
          200: Type.Object({
            places: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
            tags: Type.Array(Type.Object({ tag: Type.String(), places: Type.Integer() })),
          }),
        },
      },
    },
    async (request) => {
      const { ids, text = '', limit = 20 } = request.query;
      if (ids !== undefined) return { places: await namesOfPlaces(records, ids.split(',')), tags: [] };
      const [places, tags] = await Promise.all([
        findPlaces(records, text, limit),
        findTags(records, text, limit),
      ]);
      return { places, tags };
    },
  );
}
