import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Feature, FeatureCollection } from 'geojson';
import { useMemo } from 'react';
import { request } from '../../api/request.ts';
import { type Bounds, type PlaceShape, placeShapes } from '../../look/map/place-shapes.ts';
import { boxText, WHOLE_EARTH, widened } from './boxes.ts';
import type { Cluster } from './gather-clusters.ts';

/** What GET /api/v1/places.geojson?bbox= gives: the places of a box, or their clusters where they are too many. */
type InView = FeatureCollection & { readonly numberMatched: number };

const REFRESH_MS = 60_000;
export const PLACES_IN_VIEW = 'places-in-view';

export interface PlacesInView {
  readonly places: readonly PlaceShape[];
  readonly clusters: readonly Cluster[];
  readonly error: Error | null;
}

/** What to draw of the places in a view; what was drawn before stays until the answer comes. */
export function usePlacesInView(view: Bounds | null): PlacesInView {
  const box = view === null ? null : boxText(widened(view));
  const query = useQuery({
    queryKey: [PLACES_IN_VIEW, box],
    queryFn: () => fetchInView(box ?? ''),
    enabled: box !== null,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  const { data, error } = query;
  return useMemo(() => {
    const features = data?.features ?? [];
    const places = features.filter((feature) => !isCluster(feature));
    return {
      places: placeShapes({ type: 'FeatureCollection', features: places }),
      clusters: features.filter(isCluster).map(clusterOf),
      error,
    };
  }, [data, error]);
}

/** The box around all places. Null where there is none, undefined while it is not known. */
export function useExtentOfPlaces(): Bounds | null | undefined {
  const { data, isError } = useQuery({
    queryKey: [PLACES_IN_VIEW, 'extent'],
    queryFn: () => fetchInView(boxText(WHOLE_EARTH)),
    staleTime: REFRESH_MS,
    refetchInterval: REFRESH_MS,
  });
  return useMemo(() => {
    if (data === undefined) return isError ? null : undefined;
    const [west, south, east, north] = data.bbox ?? [];
    return west === undefined || south === undefined || east === undefined || north === undefined
      ? null
      : [west, south, east, north];
  }, [data, isError]);
}

const fetchInView = (box: string) => request<InView>('GET', `/api/v1/places.geojson?bbox=${box}`);

const isCluster = ({ id, properties }: Feature): boolean =>
  id === undefined && typeof properties?.places === 'number';

function clusterOf({ geometry, properties }: Feature): Cluster {
  const [lon = 0, lat = 0] = geometry.type === 'Point' ? geometry.coordinates : [];
  return { lon, lat, places: Number(properties?.places) };
}
