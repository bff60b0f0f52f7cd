import { ActionIcon, Tooltip, useComputedColorScheme } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { MapSettings } from '../../api/shapes.ts';
import type { LiveFeed } from '../../live/live-feed.ts';
import { deviceLook } from '../../look/device-look.ts';
import { Icon } from '../../look/icons.tsx';
import type { Scheme } from '../../look/map/ground.ts';
import type { Bounds } from '../../look/map/place-shapes.ts';
import { useGroundData } from '../../look/map/use-ground-data.ts';
import { useMapView } from '../../look/map/use-map-view.ts';
import { CellsPanel } from './CellsPanel.tsx';
import type { Pointed } from './map-pointer.ts';
import { createMapView, type MapView } from './map-view.ts';
import { useCells } from './use-cells.ts';
import { useExtentOfPlaces, usePlacesInView } from './use-places-in-view.ts';

interface Props {
  readonly feed: LiveFeed;
  readonly settings: MapSettings;
  readonly selected: string | null;
  readonly onSelect: (device: string | null) => void;
}

/** The map with its data; loaded on demand, for MapLibre is larger than the rest of the console together. */
export function LiveMap({ feed, settings, selected, onSelect }: Props) {
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const scheme = useComputedColorScheme('light');
  const smooth = !useReducedMotion();
  const select = useRef(onSelect);
  select.current = onSelect;

  const { styleUrl } = settings;
  const ground = useGroundData(settings);
  const [bounds, setBounds] = useState<Bounds | null>(null);
  const { places: shapes, clusters, error: placesFailed } = usePlacesInView(bounds);
  const extent = useExtentOfPlaces();
  const [showsCells, setShowsCells] = useState(false);
  const cells = useCells(showsCells, bounds);
  const cellData = showsCells ? cells.data : undefined;

  const make = useCallback(
    (container: HTMLElement, first: Scheme): MapView => {
      const made = createMapView({
        container,
        feed,
        scheme: first,
        styleUrl,
        smooth,
        onPoint: setPointed,
        onView: setBounds,
        onSelect: (device) => select.current(device),
        onTrouble: setTrouble,
      });
      const stopPulses = feed.onDecision((decision) => {
        if (decision.outcome === 'sent') made.pulse(decision.device);
      });
      return {
        ...made,
        destroy() {
          stopPulses();
          made.destroy();
        },
      };
    },
    [feed, styleUrl, smooth],
  );
  const { box, view } = useMapView(make, scheme, ground);
  useEffect(() => view?.setPlaces(shapes, clusters), [view, shapes, clusters]);
  useEffect(() => view?.setExtent(extent ?? null), [view, extent]);
  useEffect(() => view?.setCells(cellData ?? null), [view, cellData]);
  useEffect(() => {
    view?.setSelected(selected);
    if (selected !== null) view?.flyTo(selected);
  }, [view, selected]);

  const place = shapes.find(({ id }) => id === pointed?.place);
  const device = pointed?.device ? feed.devices.get(pointed.device) : undefined;
  const failed = ground.failed ?? placesFailed;
  const notice =
    trouble ?? (failed === null ? null : `Part of the map could not be loaded: ${failed.message}`);
  return (
    <div className="map-box">
      <div ref={box} className="map" />
      {notice !== null && (
        <p className="map-notice" role="status">
          {notice}
        </p>
      )}
      <Tooltip label="Show everything" position="left" withinPortal={false}>
        <ActionIcon
          className="map-fit"
          variant="default"
          size={31}
          aria-label="Show everything"
          onClick={() => view?.fitToData()}
        >
          <Icon name="fit" size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Where devices were" position="left" withinPortal={false}>
        <ActionIcon
          className="map-cells"
          variant="default"
          size={31}
          aria-label="Where devices were"
          aria-pressed={showsCells}
          onClick={() => setShowsCells(!showsCells)}
        >
          <Icon name="cells" size={16} />
        </ActionIcon>
      </Tooltip>
      {showsCells && <CellsPanel answer={cellData} error={cells.error} isOnMap />}
      {pointed !== null && (device !== undefined || place !== undefined) && (
        <div className="map-tip surface" style={{ left: pointed.x, top: pointed.y }} aria-hidden="true">
          {device !== undefined && (
            <>
              <strong>{device.device}</strong>
              <span className="soft">
                {deviceLook(device.type).label}
                {device.speed !== undefined && ` · ${Math.round(device.speed * 3.6)} km/h`}
                {device.consumer !== null && ` · ${device.consumer}`}
              </span>
            </>
          )}
          {place !== undefined && <span>{place.name}</span>}
        </div>
      )}
    </div>
  );
}
