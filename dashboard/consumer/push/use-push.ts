import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { Me } from '../../api/me-shapes.ts';
import { ME_KEY } from '../shell/use-me.ts';
import { bringUpToDate, guessStatus, lookAtStatus, turnOff, turnOn } from './browser-push.ts';

export const STATUS_KEY = ['push', 'status'] as const;

/** Whether this browser receives offers, and the ways to change it. Errors of the latter are the caller's to show. */
export function usePush() {
  const queries = useQueryClient();
  const { data: status } = useQuery({
    queryKey: STATUS_KEY,
    queryFn: lookAtStatus,
    initialData: guessStatus,
    initialDataUpdatedAt: 0,
  });
  const lookAgain = useCallback(async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: STATUS_KEY }),
      queries.invalidateQueries({ queryKey: ME_KEY, exact: true }),
    ]);
  }, [queries]);
  return {
    status,
    async turnOn(me: Me): Promise<NotificationPermission> {
      const permission = await turnOn(me);
      await lookAgain();
      return permission;
    },
    async turnOff(): Promise<void> {
      await turnOff(true);
      await lookAgain();
    },
  };
}

/** Brings browser and gateway to one state, once a load of the app. What fails is tried at the next. */
export function usePushUpToDate(me: Me, isFresh: boolean): void {
  const queries = useQueryClient();
  const isStopped = me.subscriptions === 0 && !me.consents.some(({ granted }) => granted);
  useQuery({
    queryKey: ['push', 'up to date', me.id],
    queryFn: async () => {
      await bringUpToDate(me, isStopped);
      await queries.invalidateQueries({ queryKey: STATUS_KEY });
      return true;
    },
    enabled: isFresh,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
}
