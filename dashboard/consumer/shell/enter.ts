import { ApiProblem, request } from '../../api/request.ts';
import { keepClaim } from '../settings/pending-claim.ts';
import { forgetKept } from './kept.ts';

/** How the app was come into: plainly, or with a link that worked or did not. */
export type Entered =
  | { readonly kind: 'plain' }
  | { readonly kind: 'invited' }
  | { readonly kind: 'refused'; readonly problem: ApiProblem };

/**
 * Exchanges the code in the address, of an invitation (`#invite=`) or of a link to sign in (`#login=`), for a session, and takes
 * it out of the address and the history. The code of a device (`#claim=`, which may come with a link to sign in) is put aside until the
 * person has been asked.
 */
export async function enter(): Promise<Entered> {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const claim = fragment.get('claim');
  if (claim !== null) keepClaim(claim, Date.now());
  const code = fragment.get('invite') ?? fragment.get('login');
  if (code === null) {
    if (claim !== null) clearFragment();
    return { kind: 'plain' };
  }
  try {
    await request('POST', '/api/v1/me/session', { code });
    // It may be another person than the one who was here before.
    forgetKept();
    clearFragment();
    return { kind: 'invited' };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    // Kept in the address where the gateway was out of reach: then a reload tries again.
    if (error.status >= 400 && error.status < 500 && error.status !== 429) clearFragment();
    return { kind: 'refused', problem: error };
  }
}

/** Whether the address has come to hold a link's code. */
export function isEntrance(): boolean {
  const fragment = new URLSearchParams(location.hash.slice(1));
  return ['invite', 'login', 'claim'].some((name) => fragment.has(name));
}

function clearFragment(): void {
  history.replaceState(null, '', location.pathname);
}
