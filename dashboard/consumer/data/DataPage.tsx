import './data.css';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Page } from '../parts/Page.tsx';
import { DeviceCards } from './DeviceCards.tsx';
import { EraseCard } from './EraseCard.tsx';
import { TakeCard } from './TakeCard.tsx';
import { UsesCard } from './UsesCard.tsx';

/** What is known of the person: what devices told, who used it, and how to take it along or have it erased. */
export function DataPage() {
  const { t } = useTranslation('data');
  return (
    <Page title={t('title')}>
      <p className="soft">{t('intro')}</p>
      <DeviceCards />
      <UsesCard />
      <Link href="/not-sent" className="row-link">
        {t('notSent')}
      </Link>
      <TakeCard />
      <EraseCard />
    </Page>
  );
}
