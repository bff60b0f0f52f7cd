import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Feature } from 'geojson';
import { useEffect, useRef } from 'react';
import { ApiProblem, request } from '../../api/request.ts';
import { PLACES_IN_VIEW } from '../live-map/use-places-in-view.ts';
import { refuseTaken } from '../refuse-taken.ts';
import { leaveFreely } from '../unsaved.ts';
import { geometryOf, measuresOf, shapeOf } from './fence-shape.ts';
import type { Draft } from './use-draft.ts';

export type FencePath = '/api/v1/places' | '/api/v1/sensitive-zones';

/** A place or a sensitive zone, as the API gives it. */
export interface FenceRecord {
  readonly id: string;
  readonly name: string;
  readonly feature: Feature;
  readonly updatedAt: number;
}

/** Measures are the shape's, and ids the address's: the form's own properties go beside them. */
const OF_SHAPE = ['id', 'radiusMetres', 'corridorMetres'];

/**
 * One place or zone with its draft: loads it, opens its shape, saves and removes it.
 *
 * @param id null for a new one
 */
export function useFenceRecord<Saved>(path: FencePath, id: string | null, draft: Draft) {
  const queries = useQueryClient();
  const record = useQuery({
    queryKey: [path, id],
    queryFn: () => request<FenceRecord>('GET', `${path}/${encodeURIComponent(id ?? '')}`),
    enabled: id !== null,
    // What is being edited is not changed under the hand.
    refetchOnWindowFocus: false,
  });
  const { data } = record;
  const opened = useRef<string | null | undefined>(undefined);
  const { open } = draft;
  useEffect(() => {
    if (opened.current === id || (id !== null && data === undefined)) return;
    opened.current = id;
    open(id, data === undefined ? null : shapeOf(data.feature.geometry, data.feature.properties));
  }, [id, data, open]);
  useEffect(() => draft.close, [draft.close]);

  const refresh = (changed: string) =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ['list', path] }),
      queries.invalidateQueries({ queryKey: [path, changed] }),
      queries.invalidateQueries({ queryKey: [`${path}.geojson`] }),
      queries.invalidateQueries({ queryKey: [PLACES_IN_VIEW] }),
      queries.invalidateQueries({ queryKey: ['places.geojson'] }),
      queries.invalidateQueries({ queryKey: ['place-tags'] }),
    ]);

  const save = useMutation({
    mutationFn: async (given: {
      readonly id: string;
      readonly properties: Readonly<Record<string, unknown>>;
    }) => {
      if (draft.shape === null)
        throw new ApiProblem(0, 'no_shape', 'There is no shape yet', 'Draw it or type it first.');
      if (id === null) await refuseTaken(`${path}/${encodeURIComponent(given.id)}`, given.id);
      const others = Object.entries(data?.feature.properties ?? {}).filter(
        ([name]) => !OF_SHAPE.includes(name),
      );
      return request<Saved>('PUT', `${path}/${encodeURIComponent(given.id)}`, {
        type: 'Feature',
        geometry: geometryOf(draft.shape),
        properties: { ...Object.fromEntries(others), ...given.properties, ...measuresOf(draft.shape) },
      });
    },
    onSuccess: (saved, { id: savedId }) => {
      // What was saved is what the page of a new one begins with.
      queries.setQueryData([path, savedId], saved);
      draft.saved();
      leaveFreely();
      return refresh(savedId);
    },
    onError: (error) => {
      if (error instanceof ApiProblem) draft.refuse(error.problems, zoneOf(error));
    },
  });
  const remove = useMutation({
    mutationFn: () => request('DELETE', `${path}/${encodeURIComponent(id ?? '')}`),
    onSuccess: () => {
      leaveFreely();
      return refresh(id ?? '');
    },
  });
  return { record, save, remove };
}

/** The zone for which a place was refused, or null. */
function zoneOf({ code, detail }: ApiProblem): string | null {
  return code === 'sensitive_zone' ? (/sensitive zone "([^"]+)"/.exec(detail)?.[1] ?? null) : null;
}
