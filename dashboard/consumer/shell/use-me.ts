import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import type { Me } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import { keep, readKept } from './kept.ts';

/** Under this the person lies among what was asked of the API; `exact: true` spares what lies below it. */
export const ME_KEY = ['me'] as const;

/** Asks who is signed in, and answers with what was kept until the answer is here. Its error is a 401 where nobody is. */
export function useMeQuery(enabled: boolean) {
  return useQuery({
    queryKey: ME_KEY,
    queryFn: async () => {
      const me = await request<Me>('GET', '/api/v1/me');
      keep({ me }, Date.now());
      return me;
    },
    initialData: () => readKept()?.me,
    initialDataUpdatedAt: 0,
    enabled,
  });
}

export const MeContext = createContext<Me | null>(null);

/** Who is signed in; the pages of the app are drawn for nobody else. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === null) throw new Error('nobody is signed in around this component');
  return me;
}
