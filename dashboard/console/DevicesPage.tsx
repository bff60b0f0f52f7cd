import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { request } from '../api/request.ts';
import type { DeviceRecord, FleetQuality, Page } from '../api/shapes.ts';
import { useLivePresence } from '../live/use-downlink.ts';
import { useLive } from '../live/use-live.ts';
import { deviceLook } from '../look/device-look.ts';
import { DeviceIcon } from '../look/icons.tsx';
import { issuesInWords } from '../look/quality-words.ts';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { ImportDevices } from './ImportDevices.tsx';
import { ListFrame } from './ListFrame.tsx';
import { PresenceBadge } from './PresenceBadge.tsx';
import { RegisterDevice } from './RegisterDevice.tsx';
import { useList } from './use-list.ts';
import { useManagesDevices } from './use-role.ts';

const WEEK_MS = 7 * 86_400_000;
/** The worst come first, so that those beyond have few issues or none. */
const MOST_QUALITY = 1_000;

/** Every device that is registered, when it was last heard on the live stream, and how good its readings are. */
export function DevicesPage() {
  const list = useList<DeviceRecord>('/api/v1/devices');
  const { devices } = useLive();
  const livePresence = useLivePresence();
  const heard = new Map(devices.map(({ device, at }) => [device, at]));
  // Not for every role: where it is refused the column stays empty.
  const quality = useQuery({
    queryKey: ['fleet-quality'],
    queryFn: async () => {
      const from = Date.now() - WEEK_MS;
      const { items } = await request<Page<FleetQuality>>(
        'GET',
        `/api/v1/quality?from=${from}&limit=${MOST_QUALITY}`,
      );
      return new Map(items.map((item) => [item.device, item]));
    },
  });
  const manages = useManagesDevices();
  return (
    <ListFrame
      title="Devices"
      intro="Everything that may speak to this gateway."
      columns={['Device', 'Type', 'Connection', 'Consumer', 'Last position', 'Issues in 7 days']}
      empty="No device is registered yet."
      list={list}
      actions={
        manages && (
          <>
            <RegisterDevice />
            <ImportDevices />
          </>
        )
      }
    >
      {list.items.map(({ id, type, consumerId, presence }) => {
        const at = heard.get(id);
        const counts = quality.data?.get(id);
        return (
          <tr key={id}>
            <th scope="row">
              <Link href={`/devices/${encodeURIComponent(id)}`}>{id}</Link>
            </th>
            <td>
              <span className="device-kind">
                <DeviceIcon type={type} /> {deviceLook(type).label}
              </span>
            </td>
            <td className="nowrap">
              <PresenceBadge presence={livePresence.get(id) ?? presence} />
            </td>
            <td>{consumerId ?? <span className="soft">nobody</span>}</td>
            <td className="nowrap">
              {at === undefined ? (
                <span className="soft">not lately</span>
              ) : (
                <time title={momentOf(at)}>{dayAndTimeOf(at)}</time>
              )}
            </td>
            <td className="nowrap">
              {counts !== undefined && (
                <span className={counts.issues === 0 ? 'soft' : undefined}>
                  {issuesInWords(counts.issues, counts.readings)}
                </span>
              )}
            </td>
          </tr>
        );
      })}
    </ListFrame>
  );
}
