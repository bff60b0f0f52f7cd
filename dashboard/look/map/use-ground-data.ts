import { useQuery } from '@tanstack/react-query';
import type { FeatureCollection } from 'geojson';
import { request } from '../../api/request.ts';
import type { MapSettings } from '../../api/shapes.ts';
import { type BaseMap, loadBaseMap } from './base-style.ts';

export interface GroundData {
  readonly base: BaseMap | undefined;
  readonly overlay: FeatureCollection | undefined;
  /** Why a part of it could not be loaded, or null. */
  readonly failed: Error | null;
}

/** What lies under everything on a map: the base map where no style is set, and the city of the overlay. Both are loaded once. */
export function useGroundData({ overlayUrl, styleUrl }: MapSettings): GroundData {
  const base = useQuery({
    queryKey: ['base-map'],
    queryFn: loadBaseMap,
    enabled: styleUrl === null,
    staleTime: Infinity,
  });
  const overlay = useQuery({
    queryKey: ['map-overlay', overlayUrl],
    queryFn: () => request<FeatureCollection>('GET', overlayUrl ?? ''),
    enabled: overlayUrl !== null,
    staleTime: Infinity,
  });
  return { base: base.data, overlay: overlay.data, failed: base.error ?? overlay.error };
}
