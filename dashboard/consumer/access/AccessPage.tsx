import './access.css';
import { useTranslation } from 'react-i18next';
import { Card } from '../parts/Card.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { useMe } from '../shell/use-me.ts';
import { BrowsersCard } from './BrowsersCard.tsx';
import { PasskeysCard } from './PasskeysCard.tsx';
import { useBrowsers, usePasskeys, useSignInWays } from './use-access.ts';

/** How the person signs in, and where they are signed in. */
export function AccessPage() {
  const { t } = useTranslation('access');
  const { email = null } = useMe();
  const [ways, passkeys, browsers] = [useSignInWays(), usePasskeys(), useBrowsers()];
  const all = [ways, passkeys, browsers];
  const error = all.find((query) => query.isError)?.error ?? null;
  // All at once: a card that grows would move the next one under the finger.
  if (!ways.isSuccess || !passkeys.isSuccess || !browsers.isSuccess) {
    return (
      <Page title={t('title')}>
        {error === null ? (
          <Waiting lines={6} />
        ) : (
          <Failure error={error} onRetry={() => Promise.all(all.map((query) => query.refetch()))} />
        )}
      </Page>
    );
  }
  return (
    <Page title={t('title')}>
      <PasskeysCard passkeys={passkeys.data} canHave={ways.data.passkeys} />
      <BrowsersCard browsers={browsers.data} />
      <Card title={t('email.title')}>
        {email !== null && <p className="own-email">{email}</p>}
        <p className="soft">{t(email === null ? 'email.none' : 'email.text')}</p>
      </Card>
    </Page>
  );
}
