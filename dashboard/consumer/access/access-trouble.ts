import { ApiProblem } from '../../api/request.ts';
import type { access } from '../i18n/en/access.ts';

type Trouble = keyof typeof access.trouble;

/** By the gateway's error codes. */
const OF_CODES: Readonly<Record<string, Trouble>> = {
  bad_passkey: 'notKnown',
  no_passkeys: 'address',
  no_mail: 'noMail',
  not_found: 'gone',
  too_many: 'tooMany',
  unreachable: 'unreachable',
};

/** By the codes of @simplewebauthn/browser. */
const OF_BROWSER: Readonly<Record<string, Trouble>> = {
  ERROR_CEREMONY_ABORTED: 'closed',
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: 'known',
  ERROR_INVALID_DOMAIN: 'address',
  ERROR_INVALID_RP_ID: 'address',
  ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT: 'cannot',
  ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT: 'cannot',
  ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG: 'cannot',
};

/** Which words tell what was wrong, and what to do. */
export function accessTrouble(error: Error): Trouble {
  if (error instanceof ApiProblem) {
    if (error.status === 429) return 'busy';
    if (error.problems.some(({ path }) => path === 'body/email')) return 'badEmail';
    return OF_CODES[error.code] ?? 'other';
  }
  // The library names what it knows; the browser's own refusals pass through it with their names.
  const { code } = error as Error & { readonly code?: unknown };
  if (typeof code === 'string' && Object.hasOwn(OF_BROWSER, code)) return OF_BROWSER[code] ?? 'other';
  return error.name === 'NotAllowedError' || error.name === 'AbortError' ? 'closed' : 'other';
}
