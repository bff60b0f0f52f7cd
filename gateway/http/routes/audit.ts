import { Type } from '@fastify/type-provider-typebox';
import { chainSource } from '../../audit/chain-source.ts';
import { createVerification } from '../../audit/verification.ts';
import { listAudit } from '../../records/audit.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Choice, Closed, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';

const Hash = Type.String({ description: 'SHA-256, hex digits' });

const AuditEntry = Type.Object({
  id: Type.String(),
  at: Time,
  actor: Type.String(),
  action: Type.String(),
  subject: Type.String({ description: '`erased` where it was a person or device that was erased since' }),
  subjectRef: Type.Optional(
    Type.String({ description: 'By which a person or device is known in the log, also after it was erased' }),
  ),
  detail: Type.Unknown(),
  hash: Hash,
});

const Verification = Type.Object({
  state: Choice('whole', 'broken', 'verifying'),
  entries: Type.Integer({ description: 'Entries that were found whole' }),
  progress: Nullable(Type.Integer({ description: 'Entries gone through so far, while it is verifying' })),
  head: Nullable(Type.Object({ id: Type.Integer(), hash: Hash })),
  broken: Nullable(
    Type.Object({
      kind: Choice('changed', 'removed', 'inserted', 'reordered', 'cut', 'renamed'),
      id: Nullable(Type.Integer({ description: 'The first broken entry' })),
      detail: Type.String(),
    }),
  ),
  verifiedAt: Nullable({ ...Time, description: 'Real time; null before it was verified for the first time' }),
});

const Word = Type.String({ maxLength: 160 });

/** Who saw or changed what about whom, and whether that log is whole. */
export function registerAuditRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['service'];
  const { records } = deps;
  const verification = createVerification(chainSource(records), deps.realNow);
  app.addHook('onClose', async () => verification.stop());

  app.get(
    '/api/v1/audit',
    {
      schema: {
        summary: 'Who saw or changed what about whom',
        tags,
        querystring: Closed({
          ...PageQuery,
          subject: Type.Optional(Type.String({ maxLength: 160, description: 'An id, or a `subjectRef`' })),
          actor: Type.Optional(Word),
          action: Type.Optional(
            Type.String({
              maxLength: 160,
              description: 'A whole action, or its first word: `consumer` is all about consumers',
            }),
          ),
        }),
        response: { 200: ListOf(AuditEntry) },
      },
    },
    (request) => listAudit(records, request.query, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/audit/verification',
    {
      schema: {
        summary: 'Whether the audit log is whole: each entry is hashed together with the one before',
        description:
          'Found out in the background when asked, and told for 30 s. That the end was cut off only `npm run audit -- verify --expect` can tell.',
        tags,
        response: { 200: Verification },
      },
    },
    () => verification.state(),
  );
}
