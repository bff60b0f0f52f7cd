import { Type } from '@fastify/type-provider-typebox';
import { hashPassword, newToken, verifyPassword } from '../../../broker/credentials.ts';
import { addressKey } from '../../../broker/peer-address.ts';
import { WaysideError } from '../../errors.ts';
import { addSession, deleteSession, STAFF_SPAN } from '../../records/sessions.ts';
import { findUser, ROLES, type User } from '../../records/users.ts';
import { browserName } from '../browser-name.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { COOKIES, clearSessionCookie, setSessionCookie, staffOf } from '../identity.ts';
import { Choice, Closed } from '../shapes.ts';
import { BackoffError } from '../sign-in-backoff.ts';

/** Passwords checked at once: each takes 32 MB and a tenth of a second, by design. */
const MAX_VERIFYING = 8;

/** Signing in and out of the console. */
export function registerSessionRoutes(app: HttpApp, { deps, backoff, newId, publicUrl }: RouteContext): void {
  const tags = ['session'];
  // A name that is not there takes as long as one that is, so that names can't be found out.
  const nobodysHash = hashPassword(newToken());
  let verifying = 0;

  async function userWith(name: string, password: string): Promise<User | null> {
    verifying += 1;
    try {
      const user = await findUser(deps.records, name);
      const matches = await verifyPassword(password, user?.passwordHash ?? (await nobodysHash));
      return matches ? user : null;
    } finally {
      verifying -= 1;
    }
  }

  app.post(
    '/api/v1/session',
    {
      schema: {
        summary: 'Sign in with name and password',
        tags,
        body: Closed({
          name: Type.String({ minLength: 1, maxLength: 128 }),
          password: Type.String({ minLength: 1, maxLength: 1_024 }),
        }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name, password } = request.body;
      // Before it counts as a try of this name: else who keeps all busy would keep others out for longer and longer.
      if (verifying >= MAX_VERIFYING) throw new BackoffError(1_000);
      const key = `sign-in ${addressKey(request.ip)} ${name}`;
      backoff.begin(key);
      const user = await userWith(name, password);
      const token = newToken();
      const isIn =
        user !== null &&
        (await deps.records.transaction().execute(async (trx) => {
          // Checking the password takes a while, in which the user may have been removed.
          if ((await findUser(trx, name))?.passwordHash !== user.passwordHash) return false;
          await addSession(trx, {
            token,
            session: { kind: 'staff', id: newId(), subject: user.name, role: user.role },
            now: deps.realNow(),
            browser: browserName(request.headers['user-agent']),
            openedWith: null,
          });
          return true;
        }));
      if (!isIn) throw new WaysideError('bad_credentials', 'name and password do not belong together');
      backoff.succeeded(key);
      setSessionCookie(reply, 'staff', token, STAFF_SPAN.longestMs, publicUrl());
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/session',
    {
      schema: {
        summary: 'Who is signed in',
        tags,
        response: { 200: Type.Object({ name: Type.String(), role: Choice(...ROLES) }) },
      },
    },
    async (request) => {
      const { name, role } = staffOf(request);
      return { name, role };
    },
  );

  app.delete(
    '/api/v1/session',
    { schema: { summary: 'Sign out', tags, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const cookie = request.cookies[COOKIES.staff];
      if (cookie !== undefined) await deleteSession(deps.records, cookie);
      clearSessionCookie(reply, 'staff');
      return reply.code(204).send(null);
    },
  );
}
