import './settings.css';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Page } from '../parts/Page.tsx';
import { PushCard } from '../push/PushCard.tsx';
import { StopCard, StoppedNote } from '../shell/stopping.tsx';
import { ClaimCard } from './ClaimCard.tsx';
import { DevicesCard } from './DevicesCard.tsx';
import { FewerList } from './FewerList.tsx';
import { InstallCard } from './InstallCard.tsx';
import { LookCard } from './LookCard.tsx';
import { PurposesCard } from './PurposesCard.tsx';
import { QuietHoursCard } from './QuietHoursCard.tsx';

/** What the person decides: what is agreed to, when and where offers may come, from which devices; and the end of it all. */
export function SettingsPage() {
  const { t } = useTranslation('settings');
  useEffect(() => {
    // The page was not there yet when the browser looked for the place that the address names.
    const { hash } = location;
    if (/^#[a-z]+$/.test(hash)) document.querySelector(hash)?.scrollIntoView();
  }, []);
  return (
    <Page title={t('title')}>
      <StoppedNote />
      <ClaimCard />
      <PushCard />
      <PurposesCard />
      <QuietHoursCard />
      <DevicesCard />
      <FewerList />
      <LookCard />
      <InstallCard />
      <StopCard />
    </Page>
  );
}
