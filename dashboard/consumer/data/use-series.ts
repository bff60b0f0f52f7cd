import { useQuery } from '@tanstack/react-query';
import type { Series, SeriesPoint } from '../../api/my-data-shapes.ts';
import { request } from '../../api/request.ts';
import { closeUpOf, type Period } from './spans.ts';

const MOST_POINTS = 1_000;

/** What a device told of a metric, and of which time; `points` is null until it is here. */
interface Told {
  readonly points: readonly SeriesPoint[] | null;
  /** The period that was asked for, or the small part of it in which something was told. */
  readonly period: Period;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** Asks for a metric of a period; and where all of it lies close together, once more, for more detail. */
export function useSeries(device: string, metric: string, period: Period): Told {
  const whole = useQuery(seriesOf(device, metric, period));
  const part = closeUpOf(period, whole.data?.points ?? []);
  const closeUp = useQuery({ ...seriesOf(device, metric, part ?? period), enabled: part !== null });
  const [shown, shownPeriod] = part === null ? [whole, period] : [closeUp, part];
  return {
    points: shown.data?.points ?? null,
    period: shownPeriod,
    error: shown.error,
    refetch: () => shown.refetch(),
  };
}

function seriesOf(device: string, metric: string, { from, to, everyMs }: Period) {
  return {
    queryKey: ['me', 'series', device, metric, from, to, everyMs],
    queryFn: () => {
      const query = new URLSearchParams({
        metric,
        from: String(from),
        to: String(to),
        every: String(everyMs),
        limit: String(MOST_POINTS),
      });
      return request<Series>('GET', `/api/v1/me/devices/${encodeURIComponent(device)}/telemetry?${query}`);
    },
  };
}
