import type { DeviceRecord } from '../api/shapes.ts';
import { useLive } from '../live/use-live.ts';
import { deviceLook } from '../look/device-look.ts';
import { DeviceIcon } from '../look/icons.tsx';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { ListFrame } from './ListFrame.tsx';
import { useList } from './use-list.ts';

/** Every device that is registered, and when it was last heard on the live stream. */
export function DevicesPage() {
  const list = useList<DeviceRecord>('/api/v1/devices');
  const { devices } = useLive();
  const heard = new Map(devices.map(({ device, at }) => [device, at]));
  return (
    <ListFrame
      title="Devices"
      intro="Everything that may speak to this gateway."
      columns={['Device', 'Type', 'Consumer', 'Last position']}
      empty="No device is registered. POST /api/v1/devices makes one."
      list={list}
    >
      {list.items.map(({ id, type, consumerId }) => {
        const at = heard.get(id);
        return (
          <tr key={id}>
            <th scope="row">{id}</th>
            <td>
              <span className="device-kind">
                <DeviceIcon type={type} /> {deviceLook(type).label}
              </span>
            </td>
            <td>{consumerId ?? <span className="soft">nobody</span>}</td>
            <td className="nowrap">
              {at === undefined ? (
                <span className="soft">not lately</span>
              ) : (
                <time title={momentOf(at)}>{dayAndTimeOf(at)}</time>
              )}
            </td>
          </tr>
        );
      })}
    </ListFrame>
  );
}
