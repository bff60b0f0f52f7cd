import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { decodedPart } from '../../api/decoded-part.ts';
import { request } from '../../api/request.ts';
import type { MapSettings } from '../../api/shapes.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { Confirm } from '../Confirm.tsx';
import { whyNoMap } from '../live-map/webgl.ts';
import { NotFoundPage } from '../NotFoundPage.tsx';
import { useUnsavedGuard } from '../unsaved.ts';
import { useZones } from '../zones/use-zones.ts';
import { ZoneEditor } from '../zones/ZoneEditor.tsx';
import { ZoneList } from '../zones/ZoneList.tsx';
import { ImportFences } from './ImportFences.tsx';
import { PlaceEditor } from './PlaceEditor.tsx';
import { PlaceList } from './PlaceList.tsx';
import { useDraft } from './use-draft.ts';

const FenceMap = lazy(() => import('./FenceMap.tsx').then((module) => ({ default: module.FenceMap })));

/** Addresses that this page answers: a list, or with an id behind it one of its things. */
export const FENCE_PATHS = /^\/(?<area>places|zones)(?:\/(?<id>[^/]+))?\/?$/;

const AREAS = [
  { area: 'places', href: '/places', name: 'Places' },
  { area: 'zones', href: '/zones', name: 'Sensitive zones' },
] as const;

/** What of FENCE_PATHS an address names. */
export function FencesPage() {
  const [location] = useLocation();
  const found = FENCE_PATHS.exec(location)?.groups;
  const area = found?.area === 'zones' ? 'zones' : 'places';
  if (found?.id === undefined) return <Fences area={area} id={null} />;
  const id = decodedPart(found.id);
  return id === null ? <NotFoundPage /> : <Fences area={area} id={id} />;
}

interface Props {
  readonly area: 'places' | 'zones';
  readonly id: string | null;
}

/** Places and sensitive zones on one map, and beside it what there is or what is being edited. */
function Fences({ area, id }: Props) {
  const [, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const draft = useDraft();
  const { shapes } = useZones();
  const leaving = useUnsavedGuard(draft.changed);
  const [noMap] = useState(whyNoMap);
  const settings = useQuery({
    queryKey: ['map'],
    queryFn: () => request<MapSettings>('GET', '/api/v1/map'),
    enabled: noMap === null,
    staleTime: Infinity,
  });
  useEffect(() => {
    if (area === 'zones') document.title = 'Sensitive zones · Wayside';
  }, [area]);
  const hasMap = noMap === null;
  const isNew = search.has('new');
  // A new one that was saved goes on in the form that made it, with what was said of it.
  const [made, setMade] = useState<string | null>(null);
  const onMade = (id: string) => {
    setMade(`${area}/${id}`);
    navigate(`/${area}/${encodeURIComponent(id)}`, { replace: true });
  };
  const which = id === null || `${area}/${id}` === made ? `${area}?new` : `${area}/${id}`;
  const Editor = area === 'places' ? PlaceEditor : ZoneEditor;
  return (
    <div className={hasMap ? 'fences' : 'fences fences-plain'}>
      {hasMap && (
        <section className="live-stage" aria-label="Map of the places">
          {settings.isError && <Trouble error={settings.error} onRetry={() => settings.refetch()} />}
          {settings.data !== undefined && (
            <Suspense
              fallback={<Skeleton className="map-waiting" role="status" aria-label="Loading the map" />}
            >
              <FenceMap
                settings={settings.data}
                draft={draft}
                zones={shapes}
                onPlace={(place) => navigate(`/places/${encodeURIComponent(place)}`)}
              />
            </Suspense>
          )}
        </section>
      )}
      <div className="fence-side">
        <nav className="fence-areas" aria-label="Kinds of areas">
          {AREAS.map((one) => (
            <Link key={one.area} href={one.href} aria-current={one.area === area ? 'true' : undefined}>
              {one.name}
            </Link>
          ))}
        </nav>
        <div className="fence-panel">
          {noMap !== null && (
            <p className="soft">
              This browser offers no WebGL 2, which the map needs: here is all of it in fields.
            </p>
          )}
          {search.has('import') && <ImportFences area={area} />}
          {!search.has('import') && (id !== null || isNew) && (
            <Editor key={which} id={id} draft={draft} hasMap={hasMap} onMade={onMade} />
          )}
          {!search.has('import') &&
            id === null &&
            !isNew &&
            (area === 'places' ? <PlaceList /> : <ZoneList />)}
        </div>
      </div>
      {leaving !== null && (
        <Confirm
          title="Leave without saving?"
          confirm="Leave"
          onConfirm={leaving.leave}
          onCancel={leaving.stay}
        >
          <p>What you drew is not saved yet.</p>
        </Confirm>
      )}
    </div>
  );
}
