import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrackPoint } from '../../../api/my-data-shapes.ts';
import type { MapSettings } from '../../../api/shapes.ts';
import { useGroundData } from '../../../look/map/use-ground-data.ts';
import { useFormats } from '../../i18n/use-formats.ts';
import { useScheme } from '../use-scheme.ts';
import { createTrackView, type TrackView } from './track-view.ts';

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
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<TrackView | null>(null);
  const [picked, setPicked] = useState<number | null>(null);
  const [isTroubled, setIsTroubled] = useState(false);
  const scheme = useScheme();
  const firstScheme = useRef(scheme);
  const { base, overlay, failed } = useGroundData(settings);
  const { styleUrl } = settings;

  useEffect(() => {
    if (box.current === null) return undefined;
    const made = createTrackView({
      container: box.current,
      scheme: firstScheme.current,
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
    });
    setView(made);
    return () => {
      made.destroy();
      setView(null);
    };
  }, [styleUrl, t]);
  useEffect(() => view?.setScheme(scheme), [view, scheme]);
  useEffect(() => {
    if (base !== undefined) view?.setBaseMap(base);
  }, [view, base]);
  useEffect(() => {
    if (overlay !== undefined) view?.setOverlay(overlay);
  }, [view, overlay]);
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
      {(isTroubled || failed !== null) && (
        <p className="soft" role="status">
          {t('where.mapFailed')}
        </p>
      )}
    </>
  );
}
