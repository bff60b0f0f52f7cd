import { Type } from '@fastify/type-provider-typebox';
import { parseSegment, type Segment } from '../../../rules/document/segment.ts';
import { type DescribedTrait, parseTrait, TRAIT_KINDS } from '../../../rules/document/trait.ts';
import { getDocument, listDocuments, type SavedDocument } from '../../records/documents.ts';
import { listTraits } from '../../records/rule-uses.ts';
import { deleteSegment, deleteTrait, saveSegment, saveTrait } from '../../records/segments.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { readNamedDocument } from '../named-document.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';

const SegmentShape = Type.Object({
  id: Id,
  name: Type.String(),
  when: Type.String({ description: 'CEL over `consumer`: its attributes and time zone' }),
  updatedAt: Time,
});

const TraitShape = Type.Object({
  name: Type.String({ description: 'As conditions write it after `consumer.attributes.`' }),
  kind: Choice(...TRAIT_KINDS),
  description: Type.Optional(Type.String()),
  updatedAt: Time,
});

const NameParams = Type.Object({ name: Id });

const segmentShown = ({ document, updatedAt }: SavedDocument) => ({ ...(document as Segment), updatedAt });
const traitShown = ({ document, updatedAt }: SavedDocument) => ({
  ...(document as DescribedTrait),
  updatedAt,
});

/** Segments: people who have something in common. Traits: what is known of people. */
export function registerSegmentRoutes(app: HttpApp, context: RouteContext): void {
  const { deps } = context;
  const tags = ['rules'];
  const { records } = deps;

  app.get(
    '/api/v1/segments',
    {
      schema: {
        summary: 'List segments',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(SegmentShape) },
      },
    },
    async (request) => {
      const { items, next } = await listDocuments(records, 'segments', pageRequest(request.query));
      return { items: items.map(segmentShown), next };
    },
  );

  app.get(
    '/api/v1/segments/:id',
    { schema: { summary: 'One segment', tags, params: IdParams, response: { 200: SegmentShape } } },
    async (request) => segmentShown(await getDocument(records, 'segments', request.params.id)),
  );

  app.put(
    '/api/v1/segments/:id',
    {
      schema: {
        summary: 'Save a segment',
        description:
          '`{name, when}`: `when` is CEL over `consumer` alone, such as `consumer.attributes.tier == "gold"`. Rules name a segment as their `audience`, and find it in `segments`.',
        tags,
        params: IdParams,
        body: Type.Unsafe<unknown>({ description: 'A segment' }),
        response: { 200: SegmentShape, 201: SegmentShape },
      },
    },
    async (request, reply) => {
      const traits = await listTraits(records);
      const segment = readNamedDocument('id', request.params.id, request.body, (document) =>
        parseSegment(document, { traits }),
      );
      const change = changeBy(deps, request);
      const isNew = await saveSegment(records, segment, change);
      await deps.changed({ kind: 'segments' });
      return reply.code(isNew ? 201 : 200).send({ ...segment, updatedAt: change.at });
    },
  );

  app.delete(
    '/api/v1/segments/:id',
    {
      schema: {
        summary: 'Remove a segment that no live or paused rule uses',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await deleteSegment(records, request.params.id, changeBy(deps, request));
      await deps.changed({ kind: 'segments' });
      return reply.code(204).send(null);
    },
  );

  registerTraitRoutes(app, context);
}

function registerTraitRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['rules'];
  const { records } = deps;

  app.get(
    '/api/v1/traits',
    {
      schema: {
        summary: 'List traits: what is known of consumers',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(TraitShape) },
      },
    },
    async (request) => {
      const { items, next } = await listDocuments(records, 'traits', pageRequest(request.query));
      return { items: items.map(traitShown), next };
    },
  );

  app.get(
    '/api/v1/traits/:name',
    { schema: { summary: 'One trait', tags, params: NameParams, response: { 200: TraitShape } } },
    async (request) => traitShown(await getDocument(records, 'traits', request.params.name)),
  );

  app.put(
    '/api/v1/traits/:name',
    {
      schema: {
        summary: 'Declare a trait',
        description:
          '`{kind, description}`: kind `number`, `boolean` or `string`. As soon as there is one, conditions may read only attributes that are declared. Refused where a rule that is live or paused, or a segment, would not be understood any more.',
        tags,
        params: NameParams,
        body: Type.Unsafe<unknown>({ description: 'A trait' }),
        response: { 200: TraitShape, 201: TraitShape },
      },
    },
    async (request, reply) => {
      const trait = readNamedDocument('name', request.params.name, request.body, parseTrait);
      const change = changeBy(deps, request);
      const isNew = await saveTrait(records, trait, change);
      await deps.changed({ kind: 'traits' });
      return reply.code(isNew ? 201 : 200).send({ ...trait, updatedAt: change.at });
    },
  );

  app.delete(
    '/api/v1/traits/:name',
    {
      schema: {
        summary: 'Remove a trait that no live or paused rule and no segment uses',
        tags,
        params: NameParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await deleteTrait(records, request.params.name, changeBy(deps, request));
      await deps.changed({ kind: 'traits' });
      return reply.code(204).send(null);
    },
  );
}
