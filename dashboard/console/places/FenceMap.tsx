import { useComputedColorScheme } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { MapSettings } from '../../api/shapes.ts';
import type { Scheme } from '../../look/map/ground.ts';
import type { Bounds } from '../../look/map/place-shapes.ts';
import { useGroundData } from '../../look/map/use-ground-data.ts';
import { useMapView } from '../../look/map/use-map-view.ts';
import { useExtentOfPlaces, usePlacesInView } from '../live-map/use-places-in-view.ts';
import { grown } from '../zones/use-zones.ts';
import type { ZoneShape } from '../zones/zone-canvas.ts';
import { createFenceMap, type FenceMapView } from './fence-map-view.ts';
import type { FenceShape } from './fence-shape.ts';
import type { Draft } from './use-draft.ts';

interface Props {
  readonly settings: MapSettings;
  readonly draft: Draft;
  readonly zones: readonly ZoneShape[];
  readonly onPlace: (id: string) => void;
}

/** The map with places, zones and what is being drawn; loaded on demand, as the live map is. */
export function FenceMap({ settings, draft, zones, onPlace }: Props) {
  const [bounds, setBounds] = useState<Bounds | null>(null);
  const [pointed, setPointed] = useState<{ name: string; x: number; y: number } | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const scheme = useComputedColorScheme('light');
  const smooth = !useReducedMotion();
  const firstSmooth = useRef(smooth);
  const calls = useRef({ draft, onPlace });
  calls.current = { draft, onPlace };

  const { styleUrl } = settings;
  const ground = useGroundData(settings);
  const { places, clusters, error } = usePlacesInView(bounds);
  const extent = useExtentOfPlaces();

  const make = useCallback(
    (container: HTMLElement, first: Scheme) =>
      createFenceMap({
        container,
        scheme: first,
        smooth: firstSmooth.current,
        styleUrl,
        onTrouble: setTrouble,
        onView: setBounds,
        onPoint: setPointed,
        onPlace: (id) => calls.current.onPlace(id),
        onShape: (shape, kept) => calls.current.draft.setShape(shape, kept),
        onDrawn: () => calls.current.draft.setDrawing(null),
      }),
    [styleUrl],
  );
  const { box, view } = useMapView(make, scheme, ground);

  const { shape, drawing, problems, edited, markedZone, marginMetres } = draft;
  const drawnZones = useMemo(
    () => withEdited(zones, edited, shape, marginMetres),
    [zones, edited, shape, marginMetres],
  );
  useEffect(() => {
    view?.show({
      places,
      clusters,
      zones: drawnZones,
      markedZone,
      edited: marginMetres === null ? edited : null,
      draft: shape,
      drawing,
      problems,
    });
  }, [view, places, clusters, drawnZones, markedZone, marginMetres, edited, shape, drawing, problems]);

  useEffect(() => draft.setMap(view), [view, draft.setMap]);
  const everything = extent === undefined ? null : (extent ?? boundsOfZones(zones));
  useFirstLook(view, everything, draft);
  useEffect(() => {
    const marked = zones.find(({ id }) => id === markedZone);
    if (marked !== undefined) view?.fit(marked.bounds);
  }, [view, zones, markedZone]);

  const lost = ground.failed ?? error;
  const notice = trouble ?? (lost === null ? null : `Part of the map could not be loaded: ${lost.message}`);
  return (
    <div className="map-box">
      <div ref={box} className="map" />
      {drawing !== null && <span className="fence-cross" aria-hidden="true" />}
      {notice !== null && (
        <p className="map-notice" role="status">
          {notice}
        </p>
      )}
      {pointed !== null && drawing === null && (
        <div className="map-tip surface" style={{ left: pointed.x, top: pointed.y }} aria-hidden="true">
          {pointed.name}
        </div>
      )}
    </div>
  );
}

/** The zone that is being edited is drawn as it would be; a margin of null says that it is none. */
function withEdited(
  zones: readonly ZoneShape[],
  edited: string | null,
  shape: FenceShape | null,
  marginMetres: number | null,
): readonly ZoneShape[] {
  if (marginMetres === null) return zones;
  const others = zones.filter(({ id }) => id !== edited);
  const bounds = shape === null ? null : grown(shape, marginMetres);
  return shape === null || bounds === null
    ? others
    : [...others, { id: '', name: '', shape, marginMetres, bounds }];
}

function boundsOfZones(zones: readonly ZoneShape[]): Bounds | null {
  const [first, ...rest] = zones.map(({ bounds }) => bounds);
  if (first === undefined) return null;
  return rest.reduce<Bounds>(
    (all, one) => [
      Math.min(all[0], one[0]),
      Math.min(all[1], one[1]),
      Math.max(all[2], one[2]),
      Math.max(all[3], one[3]),
    ],
    first,
  );
}

/** Shows all places once; and each shape that is opened, when it is opened. */
function useFirstLook(view: FenceMapView | null, extent: Bounds | null, draft: Draft): void {
  const looked = useRef(false);
  const { opened, marginMetres } = draft;
  // As it is when the zone is opened: a change of the margin moves nothing.
  const margin = useRef(marginMetres);
  margin.current = marginMetres;
  useEffect(() => {
    if (view === null || looked.current) return;
    if (opened === null && extent !== null) {
      looked.current = true;
      view.fit(extent);
    }
  }, [view, extent, opened]);
  useEffect(() => {
    const at = opened === null ? null : grown(opened, margin.current ?? 0);
    if (view === null || at === null) return;
    looked.current = true;
    view.fit(at);
  }, [view, opened]);
}
