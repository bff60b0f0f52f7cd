import { ApiProblem, request } from '../api/request.ts';

/** How the page was come into: plainly, or with an invitation that worked or did not. */
export type Entered =
  | { readonly kind: 'plain' }
  | { readonly kind: 'invited' }
  | { readonly kind: 'refused'; readonly problem: ApiProblem };

/** Exchanges the invitation in the address, if there is one, for a session, and takes it out of the address and the history. */
export async function enter(): Promise<Entered> {
  const code = new URLSearchParams(location.hash.slice(1)).get('invite');
  if (code === null) return { kind: 'plain' };
  try {
    await request('POST', '/api/v1/me/session', { code });
    history.replaceState(null, '', '/me');
    return { kind: 'invited' };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    // Kept in the address where the gateway was out of reach: then a reload tries again.
    if (error.status >= 400 && error.status < 500) history.replaceState(null, '', '/me');
    return { kind: 'refused', problem: error };
  }
}
