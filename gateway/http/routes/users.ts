import { Type } from '@fastify/type-provider-typebox';
import { hashPassword, newToken } from '../../../broker/credentials.ts';
import { createUser, deleteUser, listUsers, ROLES } from '../../records/users.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { Choice, Closed, ListOf } from '../shapes.ts';

/** Without a colon: the audit names consumers as `consumer:<id>`. */
const Name = Type.String({
  pattern: '^[A-Za-z0-9._@-]{1,128}$',
  description: '1 to 128 of A-Z a-z 0-9 . _ @ -',
});
const Role = Choice(...ROLES);

/** Who may sign in to the console, and as what. */
export function registerUserRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['users'];
  const { records } = deps;

  app.post(
    '/api/v1/users',
    {
      schema: {
        summary: 'Add a user, whose password is made here',
        tags,
        body: Closed({ name: Name, role: Role }),
        response: {
          201: Type.Object({
            name: Name,
            role: Role,
            password: Type.String({ description: 'Shown this once' }),
          }),
        },
      },
    },
    async (request, reply) => {
      const { name, role } = request.body;
      const password = newToken();
      await createUser(
        records,
        { name, role, passwordHash: await hashPassword(password) },
        changeBy(deps, request),
      );
      return reply.code(201).send({ name, role, password });
    },
  );

  app.get(
    '/api/v1/users',
    {
      schema: {
        summary: 'List users',
        description: 'All of them, by name.',
        tags,
        response: { 200: ListOf(Type.Object({ name: Name, role: Role })) },
      },
    },
    async () => ({ items: await listUsers(records), next: null }),
  );

  app.delete(
    '/api/v1/users/:name',
    {
      schema: {
        summary: 'Remove a user and end their sessions',
        description: 'The last admin stays.',
        tags,
        params: Type.Object({ name: Name }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await deleteUser(records, request.params.name, changeBy(deps, request));
      return reply.code(204).send(null);
    },
  );
}
