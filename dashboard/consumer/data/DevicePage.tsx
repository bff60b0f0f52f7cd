import './data.css';
import './device.css';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MyDevice } from '../../api/my-data-shapes.ts';
import { request } from '../../api/request.ts';
import { DeviceIcon } from '../../look/icons.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { useMe } from '../shell/use-me.ts';
import { DayPicker } from './DayPicker.tsx';
import { MetricCard } from './MetricCard.tsx';
import { deviceTypeName } from './names.ts';
import { periodOf, type Span, startOfDay } from './spans.ts';
import { TrackCard } from './TrackCard.tsx';
import { VisitsCard } from './VisitsCard.tsx';

/** All that one of the person's devices told, by day. */
export function DevicePage({ id }: { readonly id: string }) {
  const { t } = useTranslation('data');
  const me = useMe();
  const type = me.devices.find((device) => device.id === id)?.type;
  const device = useQuery({
    queryKey: ['me', 'device', id],
    queryFn: () => request<MyDevice>('GET', `/api/v1/me/devices/${encodeURIComponent(id)}`),
  });
  const known = device.data;
  const title = deviceTypeName(t, known?.type ?? type ?? '', known?.typeName);
  return (
    <Page title={title} back={{ to: '/data', name: t('title') }}>
      <p className="device-line soft">
        <DeviceIcon type={known?.type ?? type ?? ''} size={18} />
        <span>{id}</span>
      </p>
      {device.isPending && <Waiting lines={8} />}
      {device.isError && <Failure error={device.error} onRetry={() => device.refetch()} />}
      {known?.lastAt === null && <p className="soft">{t('told.none')}</p>}
      {known !== undefined && known.lastAt !== null && <DeviceByDay device={known} />}
    </Page>
  );
}

function DeviceByDay({ device }: { readonly device: MyDevice }) {
  const { t } = useTranslation('data');
  // A device that has been away for long is opened where it spoke last, not on an empty day.
  const [latest] = useState(() =>
    startOfDay(Math.max(device.lastAt ?? 0, device.positionAt ?? 0) || Date.now()),
  );
  const [day, setDay] = useState(latest);
  const [span, setSpan] = useState<Span>('day');
  const period = periodOf(span, day);
  const { id, metrics, readingDays } = device;
  return (
    <>
      <DayPicker day={day} latest={latest} onDay={setDay} span={span} onSpan={setSpan} />
      {device.positionAt !== null && <TrackCard device={id} day={day} positionDays={device.positionDays} />}
      <h2 className="part">{t('told.title')}</h2>
      {metrics.length === 0 && <p className="soft">{t('told.none')}</p>}
      {metrics.map((metric) => (
        <MetricCard key={metric.name} device={id} metric={metric} period={period} span={span} />
      ))}
      <p className="kept soft">
        {readingDays === null ? t('told.keptForever') : t('told.kept', { count: readingDays })}
      </p>
      <p>
        <a
          className="button button-plain"
          href={`/api/v1/me/export?format=csv&device=${encodeURIComponent(id)}`}
          download
        >
          {t('take.device', { device: deviceTypeName(t, device.type, device.typeName) })}
        </a>
      </p>
      {device.positionAt !== null && <VisitsCard device={id} />}
    </>
  );
}
