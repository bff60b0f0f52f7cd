import { useInfiniteQuery } from '@tanstack/react-query';
import { request } from '../api/request.ts';
import type { Page } from '../api/shapes.ts';

const PAGE_SIZE = 50;

/** A list of the API, newest first, page by page. Filters that are empty are left out. */
export function useList<Item>(path: string, filters: Readonly<Record<string, string>> = {}) {
  const query = useInfiniteQuery({
    queryKey: ['list', path, filters],
    queryFn: ({ pageParam }) => {
      const parameters = new URLSearchParams({ limit: String(PAGE_SIZE) });
      for (const [name, value] of Object.entries(filters)) if (value !== '') parameters.set(name, value);
      if (pageParam !== null) parameters.set('cursor', pageParam);
      return request<Page<Item>>('GET', `${path}?${parameters}`);
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
  return { ...query, items: query.data?.pages.flatMap(({ items }) => items) ?? [] };
}
