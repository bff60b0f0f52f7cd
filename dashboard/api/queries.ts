import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './request.ts';

const TRIES = 2;
const STALE_AFTER_MS = 5_000;

/**
 * What a page has asked of the API, kept for a moment and asked for again where no answer came.
 *
 * @param onError hears of everything that failed for good, beside whoever asked for it
 */
export function createQueries(onError: (error: Error) => void = () => undefined): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: STALE_AFTER_MS,
        // A refusal stays one; only an answer that did not come is asked for again.
        retry: (failures, error) =>
          failures < TRIES && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
      },
    },
  });
}
