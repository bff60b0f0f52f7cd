import './data.css';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Uses } from '../../api/my-data-shapes.ts';
import { request } from '../../api/request.ts';
import { Icon } from '../../look/icons.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { DeviceCards } from './DeviceCards.tsx';
import { EraseCard } from './EraseCard.tsx';
import { TakeCard } from './TakeCard.tsx';
import { UsesCard } from './UsesCard.tsx';

/** What is known of the person: what devices told, who used it, and how to take it along or have it erased. */
export function DataPage() {
  const { t } = useTranslation('data');
  const uses = useQuery({
    queryKey: ['me', 'uses'],
    queryFn: () => request<Uses>('GET', '/api/v1/me/uses'),
  });
  return (
    <Page title={t('title')}>
      <p className="soft">{t('intro')}</p>
      <DeviceCards />
      {/* What comes after waits for what may grow: nothing is to move under the finger. */}
      {uses.isPending && <Waiting lines={6} />}
      {uses.isError && <Failure error={uses.error} onRetry={() => uses.refetch()} />}
      {uses.isSuccess && <UsesCard uses={uses.data} />}
      {!uses.isPending && (
        <>
          <Link href="/not-sent" className="row-link">
            {t('notSent')}
            <Icon name="chevron" />
          </Link>
          <TakeCard />
          <EraseCard />
        </>
      )}
    </Page>
  );
}
