import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FewerOf } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';

export const FEWER_KEY = ['me', 'fewer'] as const;

/** What the person asked to see less of, and how to take it back. */
export function useFewer() {
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: FEWER_KEY,
    queryFn: () => request<readonly FewerOf[]>('GET', '/api/v1/me/fewer'),
  });
  const undo = useMutation({
    mutationFn: (rule: string) => request('DELETE', `/api/v1/me/fewer/${encodeURIComponent(rule)}`),
    onSettled: () => queries.invalidateQueries({ queryKey: FEWER_KEY }),
  });
  return { items: list.data ?? [], undo };
}
