import { useQuery } from '@tanstack/react-query';
import type { Feature, FeatureCollection } from 'geojson';
import { useMemo } from 'react';
import { request } from '../../api/request.ts';
import type { Bounds } from '../../look/map/place-shapes.ts';
import { boundsOfShape, type FenceShape, shapeOf } from '../places/fence-shape.ts';
import type { ZoneShape } from './zone-canvas.ts';

const PATH = '/api/v1/sensitive-zones.geojson';
const REFRESH_MS = 60_000;
/** In metres, from the edge: Washington RCW 19.373.080. */
export const DEFAULT_MARGIN_METRES = 610;

export const CATEGORIES = [
  { value: 'health_care', label: 'Health care' },
  { value: 'worship', label: 'Place of worship' },
  { value: 'shelter', label: 'Shelter' },
  { value: 'school', label: 'School' },
  { value: 'other', label: 'Something else' },
] as const;

export interface Zone extends ZoneShape {
  readonly category: string;
}

/** All sensitive zones: there are few beside places, and each has to be seen before one draws. */
export function useZones() {
  const query = useQuery({
    queryKey: [PATH],
    queryFn: () => request<FeatureCollection>('GET', PATH),
    refetchInterval: REFRESH_MS,
  });
  const shapes = useMemo(() => (query.data?.features ?? []).flatMap(zoneOf), [query.data]);
  return { shapes, query };
}

function zoneOf(feature: Feature): Zone[] {
  // A Point without a radius is a zone that is its margin alone.
  const properties = { radiusMetres: 0, ...feature.properties };
  const shape = shapeOf(feature.geometry, properties);
  if (shape === null) return [];
  const id = String(feature.id ?? feature.properties?.id ?? '');
  const marginMetres = Number(feature.properties?.marginMetres ?? DEFAULT_MARGIN_METRES);
  const bounds = grown(shape, marginMetres);
  if (bounds === null) return [];
  return [
    {
      id,
      name: String(feature.properties?.name ?? id),
      category: String(feature.properties?.category ?? 'other'),
      shape,
      marginMetres,
      bounds,
    },
  ];
}

/** The box around a zone, its margin counted in. */
export function grown(shape: FenceShape, metres: number): Bounds | null {
  const bounds = boundsOfShape(shape);
  if (bounds === null) return null;
  const own = shape.kind === 'corridor' ? shape.corridorMetres : 0;
  const lat = (metres + own) / 111_195;
  const lon = lat / Math.max(0.01, Math.cos((bounds[3] * Math.PI) / 180));
  return [bounds[0] - lon, bounds[1] - lat, bounds[2] + lon, bounds[3] + lat];
}

export function categoryInWords(category: string): string {
  return CATEGORIES.find(({ value }) => value === category)?.label ?? category;
}
