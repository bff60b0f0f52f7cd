import type { Purpose } from '../../../../rules/step.ts';
import { cookieOf, type TestServer } from '../http-server.ts';

/** Adds a consumer, and opens their page in a browser. */
export async function addPerson(
  server: TestServer,
  id: string,
  settings: { readonly email?: string; readonly userAgent?: string } = {},
): Promise<string> {
  const { email, userAgent } = settings;
  await server.call('POST', '/api/v1/consumers', { body: { id, ...(email !== undefined && { email }) } });
  return openPage(server, id, userAgent);
}

/** Opens the page of a consumer in one more browser. @returns its cookie */
export async function openPage(server: TestServer, id: string, userAgent?: string): Promise<string> {
  const { body } = await server.call('POST', `/api/v1/consumers/${id}/invitations`);
  return enter(server, body.url.split('#invite=')[1], userAgent);
}

/** Uses the code of a link. @returns the cookie, empty where it opens nothing */
export async function enter(server: TestServer, code: string, userAgent?: string): Promise<string> {
  const opened = await server.call('POST', '/api/v1/me/session', {
    token: null,
    body: { code },
    ...(userAgent !== undefined && { headers: { 'user-agent': userAgent } }),
  });
  return cookieOf(opened);
}

export async function agree(server: TestServer, id: string, purposes: readonly Purpose[]): Promise<void> {
  for (const purpose of purposes) {
    await server.call('PUT', `/api/v1/consumers/${id}/consents/${purpose}`, {
      body: { granted: true, source: 'form', policyVersion: 1 },
    });
  }
}
