import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Route, Switch } from 'wouter';
import { decodedPart } from '../../api/decoded-part.ts';
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
            const id = decodedPart(inPath);
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
