import { useQuery } from '@tanstack/react-query';
import type { FeatureCollection } from 'geojson';
import { request } from '../api/request.ts';
import type { Page, RuleRecord } from '../api/shapes.ts';

const REFRESH_MS = 60_000;
const MOST_RULES = 1_000;

/** The places as the map and the lists share them. */
export function usePlaces() {
  return useQuery({
    queryKey: ['places.geojson'],
    queryFn: () => request<FeatureCollection>('GET', '/api/v1/places.geojson'),
    refetchInterval: REFRESH_MS,
  });
}

export interface Names {
  /** The name of a rule or place; its id where the name is not known. */
  rule(id: string): string;
  place(id: string): string;
}

/** Names for the ids that decisions carry. */
export function useNames(): Names {
  const rules = useQuery({
    queryKey: ['rule-names'],
    queryFn: async () => {
      const { items } = await request<Page<RuleRecord>>('GET', `/api/v1/rules?limit=${MOST_RULES}`);
      return new Map(items.map(({ id, name }) => [id, name]));
    },
    refetchInterval: REFRESH_MS,
  });
  const places = usePlaces();
  const place = (id: string) => {
    const name: unknown = places.data?.features.find((feature) => feature.id === id)?.properties?.name;
    return typeof name === 'string' ? name : id;
  };
  return { rule: (id) => rules.data?.get(id) ?? id, place };
}
