import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReceivedOffer } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { OFFERS_KEY } from '../inbox/use-offers.ts';
import { readKept } from '../shell/kept.ts';

/** One offer: as the inbox or the last time had it, until the gateway has answered. */
export function useOffer(id: string) {
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: [...OFFERS_KEY, id],
    queryFn: () => request<ReceivedOffer>('GET', `/api/v1/me/offers/${encodeURIComponent(id)}`),
    placeholderData: () => {
      const inbox = queries.getQueryData<InfiniteData<Page<ReceivedOffer>>>(OFFERS_KEY);
      const known = inbox?.pages.flatMap(({ items }) => items) ?? readKept()?.offers ?? [];
      return known.find((offer) => offer.id === id);
    },
  });
  return { offer: query.data, error: query.error, refetch: () => query.refetch() };
}
