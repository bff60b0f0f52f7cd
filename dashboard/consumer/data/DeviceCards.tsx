import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { MyDevice } from '../../api/my-data-shapes.ts';
import { request } from '../../api/request.ts';
import { DeviceIcon, Icon } from '../../look/icons.tsx';
import { useFormats } from '../i18n/use-formats.ts';
import { Card } from '../parts/Card.tsx';
import { useMe } from '../shell/use-me.ts';
import { deviceTypeName } from './names.ts';

/** The person's devices, each leading to what it told. */
export function DeviceCards() {
  const { t } = useTranslation('data');
  const { devices } = useMe();
  return (
    <Card title={t('devices.title')}>
      {devices.length === 0 ? (
        <>
          <p className="soft">{t('devices.none')}</p>
          <Link href="/settings#devices" className="button button-plain">
            {t('devices.link')}
          </Link>
        </>
      ) : (
        <ul className="device-cards">
          {devices.map(({ id, type }) => (
            <li key={id}>
              <DeviceCard id={id} type={type} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function DeviceCard({ id, type }: { readonly id: string; readonly type: string }) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const { data } = useQuery({
    queryKey: ['me', 'device', id],
    queryFn: () => request<MyDevice>('GET', `/api/v1/me/devices/${encodeURIComponent(id)}`),
  });
  return (
    <Link href={`/data/${encodeURIComponent(id)}`} className="device-card">
      <span className="device-sign">
        <DeviceIcon type={type} size={24} />
      </span>
      <span className="device-words">
        <strong>{deviceTypeName(t, type, data?.typeName)}</strong>
        <span className="soft">{id}</span>
        {/* The line keeps its height until it is known, and is short enough to be one then, too. */}
        <span className="soft">
          {data === undefined && ' '}
          {data?.lastAt === null && t('devices.never')}
          {typeof data?.lastAt === 'number' && (
            <>
              <span className="visually-hidden">{t('devices.heard')} </span>
              {formats.relative(data.lastAt, Date.now())}
            </>
          )}
        </span>
      </span>
      <Icon name="chevron" />
    </Link>
  );
}
