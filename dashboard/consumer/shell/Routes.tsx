import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Route, Switch } from 'wouter';
import { InboxPage } from '../inbox/InboxPage.tsx';
import { OfferPage } from '../offer/OfferPage.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { AccessPage, DataPage, DevicePage, NotSentPage, SettingsPage } from './lazy-pages.ts';

/** Which page an address below /me shows. */
export function Routes() {
  return (
    <Suspense fallback={<Waiting lines={6} />}>
      <Switch>
        <Route path="/" component={InboxPage} />
        <Route path="/offers/:id">{({ id }) => <OfferPage key={id} id={id} />}</Route>
        <Route path="/not-sent" component={NotSentPage} />
        <Route path="/data" component={DataPage} />
        <Route path="/data/:id">
          {({ id: inPath }) => {
            const id = decoded(inPath);
            return id === null ? <NotFoundPage /> : <DevicePage key={id} id={id} />;
          }}
        </Route>
        <Route path="/access" component={AccessPage} />
        <Route path="/settings" component={SettingsPage} />
        <Route component={NotFoundPage} />
      </Switch>
    </Suspense>
  );
}

/** A part of an address as it was meant; null where somebody wrote what no part can be, such as a lone `%`. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t('notFound.title')}>
      <p className="soft">{t('notFound.text')}</p>
      <Link href="/" className="button button-plain">
        {t('notFound.home')}
      </Link>
    </Page>
  );
}
