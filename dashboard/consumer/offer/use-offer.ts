import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query';
import type { OfferDetail, ReceivedOffer } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { OFFERS_KEY } from '../inbox/use-offers.ts';
import { readKept } from '../shell/kept.ts';

/** One offer: `detail` from the gateway; until it is here, and offline, `offer` as the inbox or the last time had it. */
export function useOffer(id: string) {
  const queries = useQueryClient();
  const {
    data: detail,
    error,
    refetch,
  } = useQuery({
    queryKey: ['me', 'offer', id],
    queryFn: () => request<OfferDetail>('GET', `/api/v1/me/offers/${encodeURIComponent(id)}`),
  });
  const inbox = queries.getQueryData<InfiniteData<Page<ReceivedOffer>>>(OFFERS_KEY);
  const known = inbox?.pages.flatMap(({ items }) => items) ?? readKept()?.offers ?? [];
  const offer: ReceivedOffer | undefined = detail ?? known.find((one) => one.id === id);
  return { offer, detail, error, refetch };
}
