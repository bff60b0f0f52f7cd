import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { MyVisit } from '../../api/my-data-shapes.ts';
import { request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Waiting } from '../parts/Waiting.tsx';

const PAGE_SIZE = 10;

/** The places that a device was at, newest first. */
export function VisitsCard({ device }: { readonly device: string }) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const visits = useInfiniteQuery({
    queryKey: ['me', 'visits', device],
    queryFn: ({ pageParam }) => {
      const query = new URLSearchParams({
        limit: String(PAGE_SIZE),
        ...(pageParam !== null && { cursor: pageParam }),
      });
      return request<Page<MyVisit>>(
        'GET',
        `/api/v1/me/devices/${encodeURIComponent(device)}/visits?${query}`,
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
  const items = visits.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card title={t('visits.title')}>
      {visits.isPending && <Waiting lines={2} />}
      {visits.isError && <Failure error={visits.error} onRetry={() => visits.refetch()} />}
      {visits.isSuccess && items.length === 0 && <p className="soft">{t('visits.none')}</p>}
      {items.length > 0 && (
        <ul className="rows">
          {items.map(({ id, place, enteredAt, exitedAt }) => (
            <li key={id}>
              <span className="row-name">
                {place.name ?? t('visits.gone')}
                <small className="soft">
                  {exitedAt === undefined
                    ? t('visits.still', { from: formats.dateTime(enteredAt) })
                    : t('visits.until', {
                        from: formats.dateTime(enteredAt),
                        to: sameDay(enteredAt, exitedAt)
                          ? formats.time(exitedAt)
                          : formats.dateTime(exitedAt),
                      })}
                </small>
              </span>
            </li>
          ))}
        </ul>
      )}
      {visits.hasNextPage && (
        <Button busy={visits.isFetchingNextPage} onClick={() => void visits.fetchNextPage()}>
          {t('visits.older')}
        </Button>
      )}
    </Card>
  );
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
