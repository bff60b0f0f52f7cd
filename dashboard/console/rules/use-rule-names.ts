import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ApiProblem, request } from '../../api/request.ts';

const STALE_MS = 60_000;

export interface MetricInfo {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'string';
  readonly unit: string;
  readonly sensitivity: 'none' | 'location' | 'health';
  /** Names of the device types that measure it. */
  readonly types: readonly string[];
}

interface DeviceTypeInfo {
  readonly id: string;
  readonly name: string;
  readonly metrics: Readonly<Record<string, Pick<MetricInfo, 'kind' | 'unit' | 'sensitivity'>>>;
}

/** Every metric that a device type knows, by name. */
export function useMetrics(): readonly MetricInfo[] {
  const types = useQuery({
    queryKey: ['device-types'],
    queryFn: () => request<{ readonly items: readonly DeviceTypeInfo[] }>('GET', '/api/v1/device-types'),
    staleTime: STALE_MS,
  });
  const metrics = new Map<string, MetricInfo>();
  for (const type of types.data?.items ?? []) {
    for (const [name, { kind, unit, sensitivity }] of Object.entries(type.metrics)) {
      const known = metrics.get(name);
      metrics.set(
        name,
        known
          ? { ...known, types: [...known.types, type.name] }
          : { name, kind, unit, sensitivity, types: [type.name] },
      );
    }
  }
  return [...metrics.values()].sort((a, b) => a.name.localeCompare(b.name));
}

interface Named {
  readonly id: string;
  readonly name?: string;
}

/** What there is of segments, campaigns or code pools, to choose from; none where the person may not read them. */
export function useChoices(kind: 'segments' | 'campaigns' | 'code-pools') {
  const list = useQuery({
    queryKey: ['choices', kind],
    queryFn: () => listOrNone<Named>(`/api/v1/${kind}?limit=1000`),
    staleTime: STALE_MS,
  });
  return (list.data ?? []).map(({ id, name }) => ({
    value: id,
    ...(name !== undefined && name !== id && { note: name }),
  }));
}

export interface TraitInfo {
  readonly name: string;
  readonly kind: string;
}

/** Profile traits that are declared. */
export function useTraits(): readonly TraitInfo[] {
  const list = useQuery({
    queryKey: ['choices', 'traits'],
    queryFn: () => listOrNone<TraitInfo>('/api/v1/traits?limit=1000'),
    staleTime: STALE_MS,
  });
  return list.data ?? [];
}

async function listOrNone<Item>(path: string): Promise<readonly Item[]> {
  try {
    return (await request<{ readonly items: readonly Item[] }>('GET', path)).items;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 403) return [];
    throw error;
  }
}

export interface PlaceSearch {
  readonly places: readonly { readonly id: string; readonly name: string }[];
  readonly tags: readonly { readonly tag: string; readonly places: number }[];
}

/** Places and tags whose name holds the text. */
export function usePlaceSearch(text: string): PlaceSearch {
  const found = useQuery({
    queryKey: ['place-search', text],
    queryFn: () =>
      request<PlaceSearch>('GET', `/api/v1/place-search?${new URLSearchParams({ text, limit: '30' })}`),
    staleTime: STALE_MS,
    placeholderData: keepPreviousData,
  });
  return found.data ?? { places: [], tags: [] };
}

/** The name of one place; its id while that is not known. */
export function usePlaceName(id: string): string {
  const place = useQuery({
    queryKey: ['place-name', id],
    queryFn: () => request<{ readonly name: string }>('GET', `/api/v1/places/${encodeURIComponent(id)}`),
    enabled: /^[A-Za-z0-9._:-]{1,128}$/.test(id),
    staleTime: STALE_MS,
    retry: false,
  });
  return place.data?.name ?? id;
}
