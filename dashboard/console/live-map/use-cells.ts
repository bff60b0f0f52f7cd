import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Feature, FeatureCollection, Polygon } from 'geojson';
import { request } from '../../api/request.ts';
import type { Bounds } from '../../look/map/place-shapes.ts';
import { boxText, WHOLE_EARTH, widened } from './boxes.ts';

const REFRESH_MS = 60_000;

interface CellCounts {
  readonly cell: string;
  /** On the day with most of them. */
  readonly devices: number;
  readonly readings: number;
  readonly days: number;
}

export type CellFeature = Feature<Polygon, CellCounts>;

/** What GET /api/v1/analytics/cells gives: where devices were in the last days, as cells of a coarse grid. */
export interface CellsAnswer extends FeatureCollection<Polygon, CellCounts> {
  readonly numberMatched: number;
  readonly leastDevices: number;
  readonly from: number;
}

/** The cells of a view, or of the whole earth where none is given; what was there before stays until the answer comes. */
export function useCells(isWanted: boolean, view: Bounds | null) {
  const box = boxText(view === null ? WHOLE_EARTH : widened(view));
  return useQuery({
    queryKey: ['cells', box],
    queryFn: () => request<CellsAnswer>('GET', `/api/v1/analytics/cells?bbox=${box}`),
    enabled: isWanted,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}
