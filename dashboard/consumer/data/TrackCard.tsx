import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Track, TrackPoint } from '../../../gateway/http/track.ts';
import { request } from '../../api/request.ts';
import type { MapSettings } from '../../api/shapes.ts';
import { canDrawMaps } from '../../look/map/webgl.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Card } from '../parts/Card.tsx';
import { Failure } from '../parts/Failure.tsx';
import { shiftDays } from './spans.ts';

const TrackMap = lazy(async () => ({ default: (await import('./map/TrackMap.tsx')).TrackMap }));

interface Props {
  readonly device: string;
  /** The beginning of the day. */
  readonly day: number;
  readonly positionDays: number | null;
}

/** Where a device was on a day: on a map where this browser draws one, and as a list. */
export function TrackCard({ device, day, positionDays }: Props) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const [drawsMaps] = useState(canDrawMaps);
  const to = shiftDays(day, 1);
  const track = useQuery({
    queryKey: ['me', 'track', device, day, to],
    queryFn: () =>
      request<Track>('GET', `/api/v1/me/devices/${encodeURIComponent(device)}/track?from=${day}&to=${to}`),
  });
  const settings = useQuery({
    queryKey: ['me', 'map'],
    queryFn: () => request<MapSettings>('GET', '/api/v1/me/map'),
    enabled: drawsMaps,
    staleTime: Infinity,
  });
  const points = track.data?.points ?? [];
  const error = track.error ?? settings.error;
  const readUntil = track.data?.readUntil ?? null;
  return (
    <Card title={t('where.title')} className="where">
      {error !== null && (
        <Failure
          error={error}
          onRetry={() => Promise.all([track.refetch(), drawsMaps && settings.refetch()])}
        />
      )}
      {drawsMaps && error === null && (
        <div className="track-place">
          {track.isSuccess && points.length === 0 && <p className="track-none soft">{t('where.none')}</p>}
          {points.length > 0 && settings.isSuccess && (
            <Suspense fallback={null}>
              <TrackMap points={points} settings={settings.data} day={formats.date(day)} />
            </Suspense>
          )}
        </div>
      )}
      {!drawsMaps && track.isSuccess && (
        <p className="soft">{points.length === 0 ? t('where.none') : t('where.list')}</p>
      )}
      <div className="track-foot">
        {points.length > 0 && <PositionList points={points} isOpen={!drawsMaps} />}
      </div>
      {readUntil !== null && <p className="soft">{t('where.partly', { time: formats.time(readUntil) })}</p>}
      {positionDays !== null && <p className="kept soft">{t('where.cleared', { count: positionDays })}</p>}
    </Card>
  );
}

/** Positions to a metre: what a list on a screen can tell. */
const DEGREE_DIGITS = 5;

function PositionList({
  points,
  isOpen,
}: {
  readonly points: readonly TrackPoint[];
  readonly isOpen: boolean;
}) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const [shown, setShown] = useState(isOpen);
  return (
    <details className="as-table" open={isOpen} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>{t('where.asList')}</summary>
      {shown && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by key
        <section className="table-box" tabIndex={0} aria-label={t('where.asList')}>
          <table>
            <caption className="soft">{t('where.thinned', { count: points.length })}</caption>
            <thead>
              <tr>
                <th scope="col">{t('where.time')}</th>
                <th scope="col">{t('where.position')}</th>
                <th scope="col">{t('where.accuracy')}</th>
              </tr>
            </thead>
            <tbody>
              {points.toReversed().map(({ at, lat, lon, accuracy }) => (
                <tr key={at}>
                  <td>{formats.time(at)}</td>
                  <td>{`${lat.toFixed(DEGREE_DIGITS)}, ${lon.toFixed(DEGREE_DIGITS)}`}</td>
                  <td>{accuracy === undefined ? '–' : `${formats.number(Math.round(accuracy))} m`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
