import { Type } from '@fastify/type-provider-typebox';
import { QUARANTINE_CODES } from '../../../rules/readings/reading.ts';
import { retryEntry } from '../../engine/retry-entry.ts';
import { writeAudit } from '../../records/audit.ts';
import { deviceName } from '../../records/audit-names.ts';
import {
  getQuarantined,
  getRetryable,
  listQuarantine,
  listRetryable,
  type RetryableMessage,
} from '../../records/quarantine.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { type RetryResult, retryResults, triesBefore } from '../retry-results.ts';
import { Choice, Closed, Id, IdParams, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';

/** Messages that one call looks at; their payloads are at hand at once, 16 KiB each. */
const MOST_AT_ONCE = 500;

const Quarantined = Type.Object({
  id: Type.String(),
  device: Type.String(),
  topic: Type.String(),
  code: Type.String(),
  message: Type.String(),
  payloadBase64: Type.String({ description: 'The first 16 KiB' }),
  firstSeenAt: Time,
  lastSeenAt: Time,
  count: Type.Integer(),
  payloadBytes: Nullable(Type.Integer({ description: 'Size as sent' })),
  tries: Type.Integer({ description: 'How often it was tried again' }),
  cannotRetry: Nullable(Choice('truncated', 'partly_taken')),
});

const Result = Type.Object({
  id: Type.String(),
  outcome: Choice('taken', 'refused', 'waiting'),
  code: Type.Optional(Type.String({ description: 'What is wrong now, where it was refused again' })),
  message: Type.Optional(Type.String()),
});

const BulkResult = Type.Object({
  tried: Type.Integer(),
  taken: Type.Integer(),
  refused: Type.Integer(),
  waiting: Type.Integer({ description: 'In the journal; the engine has not come to them yet' }),
  truncated: Type.Integer({ description: 'Not tried: only their beginning was kept' }),
  partlyTaken: Type.Integer({ description: 'Not tried: the rest of the message was stored when it came' }),
  more: Type.Boolean({ description: 'Whether there are others that match; call again for them' }),
});

/** What could not be taken, and another try once the device type or the rules of it have been corrected. */
export function registerQuarantineRoutes(app: HttpApp, { deps, reads }: RouteContext): void {
  const tags = ['quarantine'];
  const { records, clock } = deps;

  /** In the order given; those that the journal does not take stay in quarantine, and the call fails. */
  async function retry(messages: readonly RetryableMessage[]): Promise<readonly RetryResult[]> {
    if (messages.length === 0) return [];
    const before = await triesBefore(
      records,
      messages.map(({ id }) => id),
    );
    await Promise.all(messages.map((message) => deps.resubmit(retryEntry(message, clock.now()))));
    return retryResults(records, before);
  }

  app.get(
    '/api/v1/quarantine',
    {
      schema: {
        summary: 'Messages that could not be taken, and why',
        tags,
        querystring: Closed({
          ...PageQuery,
          device: Type.Optional(Id),
          reason: Type.Optional(Choice(...QUARANTINE_CODES)),
        }),
        response: { 200: ListOf(Quarantined) },
      },
    },
    (request) => listQuarantine(records, request.query, pageRequest(request.query)),
  );

  app.get(
    '/api/v1/quarantine/:id',
    { schema: { summary: 'One of them', tags, params: IdParams, response: { 200: Quarantined } } },
    async (request) => {
      const message = await getQuarantined(records, request.params.id);
      await reads.note(request.identity, 'quarantine', { kind: 'device', id: message.device });
      return message;
    },
  );

  app.post(
    '/api/v1/quarantine/:id/retry',
    {
      schema: {
        summary: 'Take it again; it is stored by its own time, as late, and triggers nothing',
        tags,
        params: IdParams,
        response: { 200: Result, 202: Result },
      },
    },
    async (request, reply) => {
      const message = await getRetryable(records, request.params.id);
      const [result] = await retry([message]);
      const outcome: RetryResult = result ?? { id: message.id, outcome: 'taken' };
      await writeAudit(records, changeBy(deps, request), 'quarantine.retried', message.id, {
        device: deviceName(message.device),
        code: message.code,
        outcome: outcome.outcome,
      });
      return reply.code(outcome.outcome === 'waiting' ? 202 : 200).send(outcome);
    },
  );

  app.post(
    '/api/v1/quarantine/retry',
    {
      schema: {
        summary: `Take again what matches, at most ${MOST_AT_ONCE} a call`,
        tags,
        body: Closed({ device: Type.Optional(Id), code: Type.Optional(Choice(...QUARANTINE_CODES)) }),
        response: { 200: BulkResult, 202: BulkResult },
      },
    },
    async (request, reply) => {
      const { device, code } = request.body;
      const found = await listRetryable(records, { device, reason: code }, MOST_AT_ONCE);
      const results = await retry(found.messages);
      const count = (outcome: RetryResult['outcome']) =>
        results.filter((one) => one.outcome === outcome).length;
      const result = {
        tried: results.length,
        taken: count('taken'),
        refused: count('refused'),
        waiting: count('waiting'),
        truncated: found.obstacles.truncated,
        partlyTaken: found.obstacles.partly_taken,
        more: found.more,
      };
      const subject = device === undefined ? 'all' : deviceName(device);
      // Where nothing was tried, the id may be anybody's: of an erased device it is not to come back.
      if (results.length > 0)
        await writeAudit(records, changeBy(deps, request), 'quarantine.retried', subject, {
          ...(device !== undefined && { device: deviceName(device) }),
          ...(code !== undefined && { code }),
          ...result,
        });
      return reply.code(result.waiting > 0 ? 202 : 200).send(result);
    },
  );
}
