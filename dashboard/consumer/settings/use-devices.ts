import { useMutation, useQueryClient } from '@tanstack/react-query';
import { request } from '../../api/request.ts';
import { ME_KEY } from '../shell/use-me.ts';
import { dropClaimOf } from './pending-claim.ts';

/** Linking a device by its code, and giving one up. */
export function useDevices() {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ME_KEY, exact: true });
  const claim = useMutation({
    mutationFn: (code: string) => request<{ readonly id: string }>('POST', '/api/v1/me/devices', { code }),
    // Here and not where it is asked for: that is told nothing more once the person has gone to another page.
    onSuccess: (_linked, code) => {
      dropClaimOf(code, Date.now());
      return refresh();
    },
  });
  const giveUp = useMutation({
    mutationFn: (id: string) => request('DELETE', `/api/v1/me/devices/${encodeURIComponent(id)}`),
    onSettled: refresh,
  });
  return { claim, giveUp };
}
