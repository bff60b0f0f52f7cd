import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrackPoint } from '../../../../gateway/http/track.ts';
import type { MapSettings } from '../../../api/shapes.ts';
import type { Scheme } from '../../../look/map/ground.ts';
import { useGroundData } from '../../../look/map/use-ground-data.ts';
import { useMapView } from '../../../look/map/use-map-view.ts';
import { useFormats } from '../../i18n/use-formats.ts';
import { useScheme } from '../use-scheme.ts';
import { createTrackView } from './track-view.ts';

interface Props {
  /** At least one. */
  readonly points: readonly TrackPoint[];
  readonly settings: MapSettings;
  /** The day, in words. */
  readonly day: string;
}

/** Where a device was on a day; loaded on demand. */
export function TrackMap({ points, settings, day }: Props) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const [picked, setPicked] = useState<number | null>(null);
  const [isTroubled, setIsTroubled] = useState(false);
  const scheme = useScheme();
  const ground = useGroundData(settings);
  const { styleUrl } = settings;

  const make = useCallback(
    (container: HTMLElement, first: Scheme) =>
      createTrackView({
        container,
        scheme: first,
        styleUrl,
        locale: {
          'Map.Title': t('map.title'),
          'NavigationControl.ZoomIn': t('map.zoomIn'),
          'NavigationControl.ZoomOut': t('map.zoomOut'),
          'AttributionControl.ToggleAttribution': t('map.attribution'),
          'CooperativeGesturesHandler.WindowsHelpText': t('map.wheel', { key: 'Ctrl' }),
          'CooperativeGesturesHandler.MacHelpText': t('map.wheel', { key: '⌘' }),
          'CooperativeGesturesHandler.MobileHelpText': t('map.fingers'),
        },
        onPick: setPicked,
        onTrouble: () => setIsTroubled(true),
      }),
    [styleUrl, t],
  );
  const { box, view } = useMapView(make, scheme, ground);
  useEffect(() => view?.setTrack(points), [view, points]);

  const at = points.find((point) => point.at === picked)?.at;
  return (
    <>
      <section ref={box} className="track-map" aria-label={t('where.map', { day })} />
      <p className="track-legend soft">
        <span className="track-first">{formats.time(points[0]?.at ?? 0)}</span>
        <span className="track-picked" role="status">
          {at === undefined ? '' : t('where.at', { time: formats.time(at) })}
        </span>
        <span className="track-last">{formats.time(points.at(-1)?.at ?? 0)}</span>
      </p>
      {(isTroubled || ground.failed !== null) && (
        <p className="soft" role="status">
          {t('where.mapFailed')}
        </p>
      )}
    </>
  );
}
