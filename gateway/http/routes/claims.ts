import { Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { WaysideError } from '../../errors.ts';
import { claimDevice, createClaimCode, releaseDevice } from '../../records/claims.ts';
import { findUser, findUserNameByToken } from '../../records/logins.ts';
import { claimCodeHash, newClaimCode } from '../claim-code.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { changeBy, consumerOf } from '../identity.ts';
import { Closed, Id, IdParams, Nullable, Time } from '../shapes.ts';

const MINUTE_MS = 60_000;
/** A code that an operator prints travels with the device; one on a display is typed at once. */
const PRINTED_CODE_MS = 7 * 24 * 60 * MINUTE_MS;
const SHOWN_CODE_MS = 15 * MINUTE_MS;
const LONGEST_CODE_SECONDS = 90 * 86_400;

const ClaimCode = Type.Object({
  id: Id,
  code: Type.String({ description: 'Good once; an earlier code of the device is not good any more' }),
  url: Type.String({ description: 'The consumer page with the code: what a QR code of it should hold' }),
  expiresAt: Time,
});
const BEARER = /^Bearer +(\S{1,512})$/i;

/** How a consumer comes to own a device: whoever holds it reads a one-time code, and types it on the consumer page. */
export function registerClaimRoutes(app: HttpApp, { deps, backoff, publicUrl }: RouteContext): void {
  const { records } = deps;

  async function makeCode(request: FastifyRequest, id: string, goodForMs: number, actor?: string) {
    const code = newClaimCode();
    const now = deps.realNow();
    const expiresAt = now + goodForMs;
    const change = { ...changeBy(deps, request), ...(actor !== undefined && { actor }) };
    await createClaimCode(records, id, claimCodeHash(code, deps.receiptKey), { now, expiresAt }, change);
    // In the fragment, so that the code reaches neither a log nor a Referer header.
    return { id, code, url: `${publicUrl()}/me#claim=${code}`, expiresAt };
  }

  app.post(
    '/api/v1/devices/:id/claim-code',
    {
      schema: {
        summary: 'Make a one-time code with which a consumer claims a device',
        description: 'Good for seven days, or as long as `expiresInSeconds` says.',
        tags: ['devices'],
        params: IdParams,
        body: Type.Optional(
          Nullable(
            Closed({
              expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: LONGEST_CODE_SECONDS })),
            }),
          ),
        ),
        response: { 201: ClaimCode },
      },
    },
    async (request, reply) => {
      const seconds = request.body?.expiresInSeconds;
      const goodForMs = seconds === undefined ? PRINTED_CODE_MS : seconds * 1_000;
      const made = await makeCode(request, request.params.id, goodForMs);
      return reply.code(201).send(made);
    },
  );

  app.post(
    '/api/v1/device/claim-code',
    {
      schema: {
        summary: 'A device asks for a one-time code to show to its owner',
        description: 'With `Authorization: Bearer <its token>`. Good for 15 minutes.',
        tags: ['devices'],
        response: { 201: ClaimCode },
      },
    },
    async (request, reply) => {
      const id = await deviceByToken(deps, request);
      const made = await makeCode(request, id, SHOWN_CODE_MS, `device:${id}`);
      return reply.code(201).send(made);
    },
  );

  app.post(
    '/api/v1/me/devices',
    {
      schema: {
        summary: 'Claim a device with its one-time code',
        tags: ['consumer page'],
        body: Closed({ code: Type.String({ minLength: 1, maxLength: 64 }) }),
        response: { 201: Type.Object({ id: Id, type: Type.String() }) },
      },
    },
    async (request, reply) => {
      const consumer = consumerOf(request);
      const tries = `claim:${consumer}`;
      backoff.begin(tries);
      const hash = claimCodeHash(request.body.code, deps.receiptKey);
      const device = await claimDevice(records, hash, consumer, deps.realNow(), changeBy(deps, request));
      backoff.succeeded(tries);
      await changedOwner(deps, device.id, consumer);
      return reply.code(201).send(device);
    },
  );

  app.delete(
    '/api/v1/me/devices/:id',
    {
      schema: {
        summary: 'Give a device up',
        tags: ['consumer page'],
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const consumer = consumerOf(request);
      await releaseDevice(records, request.params.id, consumer, changeBy(deps, request));
      await changedOwner(deps, request.params.id, consumer);
      return reply.code(204).send(null);
    },
  );
}

async function changedOwner(deps: HttpDependencies, device: string, consumer: string): Promise<void> {
  await deps.changed({ kind: 'devices', ids: [device] });
  await deps.changed({ kind: 'consumers', ids: [consumer] });
}

/** The device whose token the request bears. @throws WaysideError `bad_device_token` */
async function deviceByToken(deps: HttpDependencies, request: FastifyRequest): Promise<string> {
  const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
  const now = deps.realNow();
  const name = token === undefined ? null : await findUserNameByToken(deps.records, token, now);
  const user = name === null ? null : await findUser(deps.records, name, now);
  if (user?.principal.kind !== 'device')
    throw new WaysideError('bad_device_token', 'no device that may log in has this token');
  return user.principal.id;
}
