import { useQueryClient } from '@tanstack/react-query';
import type { Session } from '../api/shapes.ts';

/** Whether who is signed in may do everything; the gateway checks it anyway. */
export function useIsAdmin(): boolean {
  return useQueryClient().getQueryData<Session | null>(['session'])?.role === 'admin';
}

/** Whether who is signed in may change things about devices; the gateway checks it anyway. */
export function useManagesDevices(): boolean {
  const session = useQueryClient().getQueryData<Session | null>(['session']);
  return session?.role === 'admin' || session?.role === 'device-manager';
}

/** Whether who is signed in may change rules, places and campaigns; the gateway checks it anyway. */
export function useMarkets(): boolean {
  const session = useQueryClient().getQueryData<Session | null>(['session']);
  return session?.role === 'admin' || session?.role === 'marketer';
}
