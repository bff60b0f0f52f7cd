import { useTranslation } from 'react-i18next';
import { Page } from '../parts/Page.tsx';

const PENDING = 'pending';

/** Where whoever was erased is led. */
export function farewellAddress(state: 'erased' | 'pending'): string {
  return `/me/farewell${state === PENDING ? `#${PENDING}` : ''}`;
}

/** After an erasure: what has happened, for somebody who is nobody here any more. */
export function Farewell() {
  const { t } = useTranslation('data');
  const isPending = location.hash === `#${PENDING}`;
  return (
    <Page title={t('farewell.title')}>
      <p>{t(isPending ? 'farewell.pending' : 'farewell.text')}</p>
      <p className="soft">{t('farewell.thanks')}</p>
    </Page>
  );
}
