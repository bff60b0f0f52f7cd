import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReceivedOffer } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { keep, readKept } from '../shell/kept.ts';

const REFRESH_MS = 30_000;
const PAGE_SIZE = 20;

export const OFFERS_KEY = ['me', 'offers'] as const;

/** The offers that came, newest first, by pages; those of the last time until the gateway has answered. */
export function useOffers() {
  return useInfiniteQuery({
    queryKey: OFFERS_KEY,
    queryFn: async ({ pageParam }) => {
      const cursor = pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      const page = await request<Page<ReceivedOffer>>('GET', `/api/v1/me/offers?limit=${PAGE_SIZE}${cursor}`);
      if (pageParam === null) keep({ offers: page.items }, Date.now());
      return page;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    initialData: () => {
      const items = readKept()?.offers ?? null;
      return items === null ? undefined : { pages: [{ items, next: null }], pageParams: [null] };
    },
    initialDataUpdatedAt: 0,
    refetchInterval: REFRESH_MS,
  });
}
