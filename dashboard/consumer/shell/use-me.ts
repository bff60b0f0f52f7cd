import { type QueryClient, useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import type { Me } from '../../api/me-shapes.ts';
import { ApiProblem, request } from '../../api/request.ts';
import { keep, readKept } from './kept.ts';

/** Under this the person lies among what was asked of the API; `exact: true` spares what lies below it. */
export const ME_KEY = ['me'] as const;

/** Asks who is signed in, and answers with what was kept until the answer is here; null where nobody is. */
export function useMeQuery(enabled: boolean) {
  return useQuery({
    queryKey: ME_KEY,
    queryFn: askWhoIsSignedIn,
    initialData: () => readKept()?.me,
    initialDataUpdatedAt: 0,
    enabled,
  });
}

/** That nobody is signed in is an answer, not a failure: what shows it stays as it is while the same is asked again. */
async function askWhoIsSignedIn(): Promise<Me | null> {
  try {
    const me = await request<Me>('GET', '/api/v1/me');
    keep({ me }, Date.now());
    return me;
  } catch (error) {
    if (isSignedOut(error)) return null;
    throw error;
  }
}

/** Asks anew who is signed in where anything else is refused for want of a session: it ended while the app was open. */
export function lookWhoIsSignedIn(queries: QueryClient, error: Error): void {
  if (isSignedOut(error) && queries.getQueryData(ME_KEY) !== null)
    void queries.invalidateQueries({ queryKey: ME_KEY, exact: true });
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

export const MeContext = createContext<Me | null>(null);

/** Who is signed in; the pages of the app are drawn for nobody else. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === null) throw new Error('nobody is signed in around this component');
  return me;
}
