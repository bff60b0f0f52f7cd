import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { hasInstallOffer, install, onInstallOffer } from '../shell/install-offer.ts';

/** Where the browser offers to install the app: when and whether is the person's choice. */
export function InstallCard() {
  const { t } = useTranslation('settings');
  const isOffered = useSyncExternalStore(onInstallOffer, hasInstallOffer);
  if (!isOffered) return null;
  return (
    <Card title={t('install.title')}>
      <p className="soft">{t('install.text')}</p>
      <Button onClick={() => void install()}>{t('install.button')}</Button>
    </Card>
  );
}
