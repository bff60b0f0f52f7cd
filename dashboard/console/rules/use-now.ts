import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../../api/request.ts';

/**
 * The gateway's domain time when the page asked, epoch ms: where a recorded journey is replayed it is not the reader's. The
 * reader's until the answer is there.
 */
export function useNow(): number {
  // Once a page: what is asked for a period that ends now must not change with every drawing.
  const [readers] = useState(() => Date.now());
  const health = useQuery({
    queryKey: ['domain-now'],
    queryFn: () => request<{ readonly now: number }>('GET', '/healthz'),
    staleTime: 60_000,
  });
  return health.data?.now ?? readers;
}
