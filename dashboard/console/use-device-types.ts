import { useQuery } from '@tanstack/react-query';
import { request } from '../api/request.ts';
import type { Page } from '../api/shapes.ts';

interface DeviceTypeChoice {
  readonly value: string;
  readonly label: string;
}

/** Device types to choose from; none while they are not known. */
export function useDeviceTypes(): readonly DeviceTypeChoice[] {
  const types = useQuery({
    queryKey: ['device-types'],
    queryFn: () =>
      request<Page<{ readonly id: string; readonly name: string }>>('GET', '/api/v1/device-types'),
  });
  return (types.data?.items ?? []).map(({ id, name }) => ({ value: id, label: `${name} (${id})` }));
}
