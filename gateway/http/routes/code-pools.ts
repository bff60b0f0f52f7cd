import { Type } from '@fastify/type-provider-typebox';
import { collecting, readFields, readId, readText } from '../../../rules/document/document.ts';
import type { Parsed } from '../../../rules/document/problem.ts';
import {
  addCodes,
  deleteCodePool,
  getCodePool,
  listCodePools,
  saveCodePool,
} from '../../records/code-pools.ts';
import { codesOfCsv, MAX_CODES, readCodes } from '../code-import.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { readNamedDocument } from '../named-document.ts';
import { invalidDocument } from '../refused.ts';
import { Closed, Id, IdParams, ListOf, PageQuery, pageRequest, Time } from '../shapes.ts';

const MAX_CODES_BYTES = 16 * 1024 * 1024;
/** Told one by one; the rest is counted. */
const MOST_TOLD = 1_000;

const Pool = Type.Object({
  id: Id,
  name: Type.String(),
  codes: Type.Integer(),
  given: Type.Integer({ description: 'Codes that are in an offer' }),
  left: Type.Integer(),
  updatedAt: Time,
});

const FillReport = Type.Object({
  added: Type.Integer(),
  duplicates: Type.Object(
    { count: Type.Integer(), codes: Type.Array(Type.String()) },
    { description: 'Codes that the pool had, or that stood in the request more than once; the first 1,000' },
  ),
  refused: Type.Object(
    {
      count: Type.Integer(),
      problems: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
    },
    { description: 'What is no code, by its position from 0; the first 1,000' },
  ),
  codes: Type.Integer(),
  given: Type.Integer(),
  left: Type.Integer(),
});

function parsePool(document: unknown): Parsed<{ readonly id: string; readonly name: string }> {
  return collecting((report) => {
    const fields = readFields(document, '', ['id', 'name'], report);
    if (fields === null) return null;
    const id = readId(fields.id, 'id', report);
    const name = fields.name === undefined ? id : readText(fields.name, 'name', report, { max: 200 });
    return id === null || name === null ? null : { id, name };
  });
}

/** Pools of one-time codes: each code goes into one offer. No route ever lists them. */
export async function registerCodePoolRoutes(app: HttpApp, { deps }: RouteContext): Promise<void> {
  const tags = ['rules'];
  const { records } = deps;
  app.addContentTypeParser(
    'text/csv',
    { parseAs: 'string', bodyLimit: MAX_CODES_BYTES },
    async (_request: unknown, text: string) => text,
  );

  app.get(
    '/api/v1/code-pools',
    {
      schema: {
        summary: 'List code pools, with how many codes are left',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(Pool) },
      },
    },
    (request) => listCodePools(records, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/code-pools/:id',
    { schema: { summary: 'One code pool', tags, params: IdParams, response: { 200: Pool } } },
    (request) => getCodePool(records, request.params.id),
  );

  app.put(
    '/api/v1/code-pools/:id',
    {
      schema: {
        summary: 'Save a code pool',
        description: '`{name}`. Codes are added with `POST …/codes`, and stay when the name changes.',
        tags,
        params: IdParams,
        body: Type.Unsafe<unknown>({ description: 'A code pool' }),
        response: { 200: Pool, 201: Pool },
      },
    },
    async (request, reply) => {
      const pool = readNamedDocument('id', request.params.id, request.body, parsePool);
      const isNew = await saveCodePool(records, pool, changeBy(deps, request));
      await deps.changed({ kind: 'code-pools', ids: [pool.id] });
      return reply.code(isNew ? 201 : 200).send(await getCodePool(records, pool.id));
    },
  );

  app.post(
    '/api/v1/code-pools/:id/codes',
    {
      bodyLimit: MAX_CODES_BYTES,
      schema: {
        summary: 'Add codes to a pool',
        description: `A JSON list of texts, or CSV with the codes in its first column: at most ${MAX_CODES} in a request. A code that the pool has, given or not, is a duplicate, and is not added again.`,
        tags,
        consumes: ['application/json', 'text/csv'],
        params: IdParams,
        body: Type.Unsafe<unknown>({ description: 'A list of codes, or CSV' }),
        response: { 200: FillReport },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { body } = request;
      await getCodePool(records, id);
      // A text may be JSON too, and is no CSV then.
      const isCsv = request.headers['content-type']?.startsWith('text/csv') === true;
      if (!Array.isArray(body) && !(isCsv && typeof body === 'string'))
        throw invalidDocument([{ path: '', message: 'must be a list of codes, or CSV' }]);
      const read = readCodes(typeof body === 'string' ? codesOfCsv(body) : body);
      const known = await addCodes(records, id, read.codes, changeBy(deps, request));
      await deps.changed({ kind: 'code-pools', ids: [id] });
      const duplicates = [...new Set([...known, ...read.repeated])];
      const { codes, given, left } = await getCodePool(records, id);
      return {
        added: read.codes.length - known.length,
        duplicates: { count: duplicates.length, codes: duplicates.slice(0, MOST_TOLD) },
        refused: { count: read.problems.length, problems: read.problems.slice(0, MOST_TOLD) },
        codes,
        given,
        left,
      };
    },
  );

  app.delete(
    '/api/v1/code-pools/:id',
    {
      schema: {
        summary: 'Remove a code pool that no live or paused rule uses, with its codes',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await deleteCodePool(records, id, changeBy(deps, request));
      await deps.changed({ kind: 'code-pools', ids: [id] });
      return reply.code(204).send(null);
    },
  );
}
