import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import type { Passkey } from '../../api/access-shapes.ts';
import { request } from '../../api/request.ts';

/** Of a passkey's name, in characters: the gateway takes no longer one. */
export const LONGEST_NAME = 100;

/** The library for passkeys, fetched when it is first needed. */
const library = () => import('@simplewebauthn/browser');

/** Whether this browser knows passkeys at all. */
export function knowsPasskeys(): boolean {
  return typeof globalThis.PublicKeyCredential === 'function';
}

/** Whether this browser offers passkeys while somebody fills in a field. */
export async function offersInFields(): Promise<boolean> {
  return knowsPasskeys() && (await (await library()).browserSupportsWebAuthnAutofill());
}

/**
 * Has the browser make a passkey, and the gateway keep it.
 *
 * @param name empty: the gateway names it after the browser
 * @throws ApiProblem; the library's WebAuthnError where the browser or the person would not
 */
export async function addPasskey(name: string): Promise<Passkey> {
  const { startRegistration } = await library();
  const optionsJSON = await request<PublicKeyCredentialCreationOptionsJSON>(
    'POST',
    '/api/v1/me/passkeys/options',
  );
  const response = await startRegistration({ optionsJSON });
  return request<Passkey>('POST', '/api/v1/me/passkeys', { response, ...(name !== '' && { name }) });
}

/**
 * Signs in with a passkey.
 *
 * @param inField waits until the person picks one in a field, instead of asking at once
 * @throws ApiProblem; the library's WebAuthnError where the browser or the person would not
 */
export async function signInWithPasskey(inField: boolean): Promise<void> {
  const { startAuthentication } = await library();
  const optionsJSON = await request<PublicKeyCredentialRequestOptionsJSON>(
    'POST',
    '/api/v1/me/passkey-session/options',
  );
  const response = await startAuthentication({ optionsJSON, useBrowserAutofill: inField });
  await request('POST', '/api/v1/me/passkey-session', { response });
}

/** Ends the waiting for a passkey that is picked in a field. */
export async function stopWaiting(): Promise<void> {
  (await library()).WebAuthnAbortService.cancelCeremony();
}
