import './access.css';
import { useTranslation } from 'react-i18next';
import { Card } from '../parts/Card.tsx';
import { Page } from '../parts/Page.tsx';
import { useMe } from '../shell/use-me.ts';
import { BrowsersCard } from './BrowsersCard.tsx';
import { PasskeysCard } from './PasskeysCard.tsx';

/** How the person signs in, and where they are signed in. */
export function AccessPage() {
  const { t } = useTranslation('access');
  const { email = null } = useMe();
  return (
    <Page title={t('title')}>
      <PasskeysCard />
      <BrowsersCard />
      <Card title={t('email.title')}>
        {email !== null && <p className="own-email">{email}</p>}
        <p className="soft">{t(email === null ? 'email.none' : 'email.text')}</p>
      </Card>
    </Page>
  );
}
