import { useQuery } from '@tanstack/react-query';
import type { BrowserSession, Passkey, SignInWays } from '../../api/access-shapes.ts';
import { request } from '../../api/request.ts';

export const PASSKEYS_KEY = ['me', 'passkeys'] as const;
export const BROWSERS_KEY = ['me', 'sessions'] as const;

/** By what one can sign in here; it changes with the gateway's settings alone. */
export function useSignInWays() {
  return useQuery({
    queryKey: ['sign-in'],
    queryFn: () => request<SignInWays>('GET', '/api/v1/me/sign-in'),
    staleTime: Infinity,
  });
}

/** The person's passkeys, newest first. */
export function usePasskeys() {
  return useQuery({
    queryKey: PASSKEYS_KEY,
    queryFn: () => request<readonly Passkey[]>('GET', '/api/v1/me/passkeys'),
  });
}

/** Where the person is signed in, the browser that was used last first. */
export function useBrowsers() {
  return useQuery({
    queryKey: BROWSERS_KEY,
    queryFn: () => request<readonly BrowserSession[]>('GET', '/api/v1/me/sessions'),
  });
}
