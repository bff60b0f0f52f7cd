import { TextInput, UnstyledButton } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { LiveDevice } from '../live/live-feed.ts';
import { deviceLook } from '../look/device-look.ts';
import { DeviceIcon } from '../look/icons.tsx';
import { momentOf, timeOf } from '../look/when.ts';

/** More rows than anybody reads would only cost time at each update. */
const MAX_ROWS = 200;
const KMH_PER_METRE_A_SECOND = 3.6;

interface Props {
  readonly devices: readonly LiveDevice[];
  readonly selected: string | null;
  readonly onSelect: (device: string | null) => void;
}

/** The devices of the map as a table: for keyboards and screen readers, and where there is no map. */
export function DeviceList({ devices, selected, onSelect }: Props) {
  const [search, setSearch] = useState('');
  const found = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    const matches = ({ device, type, consumer }: LiveDevice) =>
      wanted === '' || [device, type, consumer ?? ''].some((text) => text.toLowerCase().includes(wanted));
    return devices
      .filter(matches)
      .sort((a, b) => a.device.localeCompare(b.device, undefined, { numeric: true }));
  }, [devices, search]);
  return (
    <div className="device-list">
      <TextInput
        size="xs"
        type="search"
        aria-label="Find a device"
        placeholder="Find by id, type or consumer"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <table>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Speed</th>
            <th scope="col">Heard</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, MAX_ROWS).map((device) => (
            <tr key={device.device} className={device.device === selected ? 'row-selected' : undefined}>
              <th scope="row">
                <UnstyledButton
                  className="device-name"
                  aria-pressed={device.device === selected}
                  onClick={() => onSelect(device.device === selected ? null : device.device)}
                >
                  <DeviceIcon type={device.type} size={18} />
                  <span>
                    {device.device}
                    <small className="soft">
                      {deviceLook(device.type).label}
                      {device.consumer !== null && ` · ${device.consumer}`}
                    </small>
                  </span>
                </UnstyledButton>
              </th>
              <td>
                {device.speed === undefined
                  ? ''
                  : `${Math.round(device.speed * KMH_PER_METRE_A_SECOND)} km/h`}
              </td>
              <td title={momentOf(device.at)}>{timeOf(device.at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && (
        <p className="soft feed-empty">
          {devices.length === 0 ? 'No device has been heard yet.' : 'No device matches.'}
        </p>
      )}
      {found.length > MAX_ROWS && (
        <p className="soft feed-empty">{`${found.length - MAX_ROWS} more: search to narrow the list.`}</p>
      )}
    </div>
  );
}
