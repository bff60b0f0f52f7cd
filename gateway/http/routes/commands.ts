import { type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { MINUTE_MS, parseDuration } from '../../../rules/time/duration.ts';
import {
  DEFAULT_EXPIRY_MS,
  LONGEST_EXPIRY_MS,
  MAX_ARGS_BYTES,
  MAX_NAME_LENGTH,
} from '../../downlink/given-command.ts';
import { type Command, getCommand, listCommands } from '../../records/commands.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { badField } from '../refused.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, pageRequest, parseTime, Time } from '../shapes.ts';

const LONGEST_WAIT_MS = MINUTE_MS;

const Any = Type.Unsafe<unknown>({});

const CommandShape = Type.Object({
  id: Id,
  device: Id,
  name: Type.String(),
  args: Any,
  state: Choice('queued', 'sent', 'delivered', 'answered', 'expired'),
  createdAt: Time,
  expiresAt: Time,
  sentAt: Type.Optional(Time),
  deliveredAt: Type.Optional(Time),
  answeredAt: Type.Optional(Time),
  reply: Type.Optional(Type.Object({ status: Choice('ok', 'error'), result: Any })),
});

const WaitQuery = Closed({
  wait: Type.Optional(
    Type.String({
      maxLength: 20,
      description: 'How long to wait for the reply, as an ISO 8601 duration of at most PT1M, such as PT10S',
    }),
  ),
});

const Expiry = Type.Union([Time, Type.String({ maxLength: 40 })], {
  description:
    'A duration such as PT10M, or a time: epoch ms or ISO 8601. P7D where it is left out, at most P90D',
});

/** Commands to a device, and its replies. */
export function registerCommandRoutes(app: HttpApp, { deps, newId }: RouteContext): void {
  const tags = ['devices'];
  const { downlink, records, realNow } = deps;
  app.addHook('preClose', async () => downlink.releaseCallers());

  app.post(
    '/api/v1/devices/:id/commands',
    {
      schema: {
        summary: 'Give a device a command',
        description:
          'It is kept, and published on devices/{id}/commands as soon as the device is there. 202, or 200 where `wait` brought its end. With an `id` of the caller, sending it again gives no second command (409).',
        tags,
        params: IdParams,
        querystring: WaitQuery,
        body: Closed({
          id: Type.Optional(Id),
          name: Type.String({ minLength: 1, maxLength: MAX_NAME_LENGTH }),
          args: Type.Optional(Any),
          expires: Type.Optional(Expiry),
        }),
        response: { 200: CommandShape, 202: CommandShape },
      },
    },
    async (request, reply) => {
      const { id: device } = request.params;
      const { id = newId(), name, args = {}, expires } = request.body;
      const waitMs = readWait(request.query.wait);
      if (Buffer.byteLength(JSON.stringify(args)) > MAX_ARGS_BYTES)
        throw badField('body/args', `must be at most ${MAX_ARGS_BYTES} bytes of JSON`);
      const expiresAt = readExpiry(expires, realNow());
      const change = changeBy(deps, request);
      let command = await downlink.giveCommand({ id, device, name, args, expiresAt }, change);
      if (waitMs > 0) command = await downlink.commandWhenEnded(device, id, waitMs, goneSignal(reply));
      return reply
        .code(hasEnded(command) ? 200 : 202)
        .header('location', `/api/v1/devices/${device}/commands/${id}`)
        .send(shapeOf(command));
    },
  );

  app.get(
    '/api/v1/devices/:id/commands',
    {
      schema: {
        summary: 'Commands of a device, newest first',
        tags,
        params: IdParams,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(CommandShape) },
      },
    },
    async (request) => {
      const page = await listCommands(records, request.params.id, pageRequest(request.query), realNow());
      return { items: page.items.map(shapeOf), next: page.next };
    },
  );

  app.get(
    '/api/v1/devices/:id/commands/:commandId',
    {
      schema: {
        summary: 'One command, and its reply',
        tags,
        params: Type.Object({ id: Id, commandId: Id }),
        querystring: WaitQuery,
        response: { 200: CommandShape },
      },
    },
    async (request, reply) => {
      const { id, commandId } = request.params;
      const waitMs = readWait(request.query.wait);
      return shapeOf(
        waitMs > 0
          ? await downlink.commandWhenEnded(id, commandId, waitMs, goneSignal(reply))
          : await getCommand(records, id, commandId, realNow()),
      );
    },
  );
}

function shapeOf(command: Command): Static<typeof CommandShape> {
  return { ...command };
}

function hasEnded({ state }: Command): boolean {
  return state === 'answered' || state === 'expired';
}

/** Aborted when the caller hangs up. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

function readWait(text: string | undefined): number {
  if (text === undefined) return 0;
  const wait = parseDuration(text);
  if (wait === null || wait > LONGEST_WAIT_MS)
    throw badField('query/wait', 'must be an ISO 8601 duration of at most PT1M, such as PT10S');
  return wait;
}

function readExpiry(expires: number | string | undefined, now: number): number {
  if (expires === undefined) return now + DEFAULT_EXPIRY_MS;
  const at = expiryOf(expires, now);
  if (at === null || at <= now || at > now + LONGEST_EXPIRY_MS) {
    throw badField(
      'body/expires',
      'must be a duration such as PT10M, or a time to come (epoch ms or ISO 8601), at most 90 days ahead',
    );
  }
  return at;
}

function expiryOf(expires: number | string, now: number): number | null {
  if (typeof expires === 'number') return expires;
  const duration = parseDuration(expires);
  return duration === null ? parseTime(expires) : now + duration;
}
