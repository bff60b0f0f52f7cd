import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { request } from '../api/request.ts';
import type { Page, RuleRecord } from '../api/shapes.ts';

const REFRESH_MS = 60_000;
const MOST_RULES = 1_000;
/** Ids in one request, so that its address stays short. */
const IDS_AT_ONCE = 50;

export interface Names {
  /** The name of a rule or place; its id where the name is not known. */
  rule(id: string): string;
  place(id: string): string;
}

/** Names for the ids that decisions carry: those of all rules, and of the places that are asked for. */
export function useNames(): Names {
  const rules = useQuery({
    queryKey: ['rule-names'],
    queryFn: async () => {
      const { items } = await request<Page<RuleRecord>>('GET', `/api/v1/rules?limit=${MOST_RULES}`);
      return new Map(items.map(({ id, name }) => [id, name]));
    },
    refetchInterval: REFRESH_MS,
  });
  const place = usePlaceNames();
  return { rule: (id) => rules.data?.get(id) ?? id, place };
}

/** There may be a hundred thousand places, so only names that a page shows are asked for, all that it shows together. */
function usePlaceNames(): (id: string) => string {
  const shown = useRef(new Set<string>());
  const [wanted, setWanted] = useState<readonly string[]>([]);
  const names = useQuery({
    queryKey: ['place-names', wanted],
    queryFn: () => fetchNames(wanted),
    enabled: wanted.length > 0,
    placeholderData: keepPreviousData,
    staleTime: REFRESH_MS,
  });
  // What was shown in this drawing is known only behind it.
  useEffect(() => {
    if (shown.current.size > wanted.length) setWanted([...shown.current].sort());
  });
  return (id) => {
    shown.current.add(id);
    return names.data?.get(id) ?? id;
  };
}

async function fetchNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const parts = Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, index) =>
    ids.slice(index * IDS_AT_ONCE, (index + 1) * IDS_AT_ONCE),
  );
  const found = await Promise.all(
    parts.map((part) =>
      request<{ readonly places: readonly { readonly id: string; readonly name: string }[] }>(
        'GET',
        `/api/v1/place-search?${new URLSearchParams({ ids: part.join(',') })}`,
      ),
    ),
  );
  return new Map(found.flatMap(({ places }) => places).map(({ id, name }) => [id, name]));
}
