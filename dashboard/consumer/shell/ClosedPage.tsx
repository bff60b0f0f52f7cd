import { useTranslation } from 'react-i18next';
import { Page } from '../parts/Page.tsx';

/** For whom is not signed in. */
export function ClosedPage({ wasRefused }: { readonly wasRefused: boolean }) {
  const { t } = useTranslation();
  return (
    <Page title={t(wasRefused ? 'closed.usedTitle' : 'closed.title')}>
      <p className="soft">{t(wasRefused ? 'closed.usedText' : 'closed.text')}</p>
    </Page>
  );
}
