import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/request.ts';

/**
 * The gateway's domain time when the page asked, epoch ms: where a recorded journey is replayed it is not the reader's. The
 * reader's until the answer is there.
 */
export function useNow(): number {
  const health = useQuery({
    queryKey: ['domain-now'],
    queryFn: () => request<{ readonly now: number }>('GET', '/healthz'),
    staleTime: 60_000,
    placeholderData: () => ({ now: Date.now() }),
  });
  return health.data?.now ?? Date.now();
}
