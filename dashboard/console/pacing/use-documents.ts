import { useMutation, useQueryClient } from '@tanstack/react-query';
import { request } from '../../api/request.ts';
import { refuseTaken } from '../refuse-taken.ts';
import { useList } from '../use-list.ts';

export type DocumentPath = '/api/v1/segments' | '/api/v1/traits' | '/api/v1/campaigns' | '/api/v1/code-pools';

interface Given {
  readonly id: string;
  readonly document: Readonly<Record<string, unknown>>;
  /** It is to be a new one: one that is there is not replaced. */
  readonly isNew: boolean;
}

/** A list of documents that are saved under an id, with what saves and removes one. */
export function useDocuments<Item>(path: DocumentPath) {
  const queries = useQueryClient();
  const list = useList<Item>(path);
  // Rule pages choose among them too.
  const refresh = () =>
    queries.invalidateQueries({
      predicate: ({ queryKey }) => queryKey.some((part) => part === path || part === path.split('/').at(-1)),
    });
  const save = useMutation({
    mutationFn: async ({ id, document, isNew }: Given) => {
      const address = `${path}/${encodeURIComponent(id)}`;
      if (isNew) await refuseTaken(address, id);
      return request<Item>('PUT', address, document);
    },
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (id: string) => request('DELETE', `${path}/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
  return { list, save, remove, refresh };
}
