import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { request } from '../api/request.ts';
import type { DeviceRecord } from '../api/shapes.ts';
import { useLivePresence } from '../live/use-downlink.ts';
import { deviceLook } from '../look/device-look.ts';
import { DeviceIcon } from '../look/icons.tsx';
import { Trouble } from '../look/Trouble.tsx';
import { dayAndTimeOf } from '../look/when.ts';
import { CommandsPanel } from './CommandsPanel.tsx';
import { ConfigPanel } from './ConfigPanel.tsx';
import { DeviceAccess } from './DeviceAccess.tsx';
import { PresenceLine } from './PresenceBadge.tsx';
import { QualityPanel } from './QualityPanel.tsx';

/** One device: what it is, whether it is there, what it was told, and how far what it says can be trusted. */
export function DevicePage({ id }: { id: string }) {
  const device = useQuery({
    queryKey: ['device', id],
    queryFn: () => request<DeviceRecord>('GET', `/api/v1/devices/${encodeURIComponent(id)}`),
  });
  const presence = useLivePresence();
  useEffect(() => {
    document.title = `${id} · Wayside`;
  }, [id]);
  return (
    <div className="list-page">
      <p className="crumb">
        <Link href="/devices">Devices</Link>
      </p>
      <h1>{id}</h1>
      {device.isError && <Trouble error={device.error} onRetry={() => device.refetch()} />}
      {device.data !== undefined && (
        <>
          <p className="soft list-intro device-line">
            <span className="device-kind">
              <DeviceIcon type={device.data.type} /> {deviceLook(device.data.type).label}
            </span>
            <span>
              {device.data.consumerId === null ? 'linked to nobody' : `linked to ${device.data.consumerId}`}
            </span>
            {device.data.consumerId !== null && (
              <Link href={`/explain?consumer=${encodeURIComponent(device.data.consumerId)}`}>
                Explain a visit of theirs
              </Link>
            )}
            <span>{`registered ${dayAndTimeOf(device.data.createdAt)}`}</span>
          </p>
          <p className="soft list-intro device-line">
            <PresenceLine presence={presence.get(id) ?? device.data.presence} />
          </p>
          <CommandsPanel device={id} />
          <ConfigPanel device={id} />
          <QualityPanel device={id} />
          <DeviceAccess device={device.data} />
        </>
      )}
    </div>
  );
}
