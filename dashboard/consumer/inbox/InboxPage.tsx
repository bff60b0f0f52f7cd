import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Icon } from '../../look/icons.tsx';
import { useNow } from '../offer/use-now.ts';
import { Button } from '../parts/Button.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { PushCard } from '../push/PushCard.tsx';
import { usePush } from '../push/use-push.ts';
import { StopCard, StoppedNote } from '../shell/stopping.tsx';
import { useMe } from '../shell/use-me.ts';
import { EmptyInbox } from './EmptyInbox.tsx';
import { OfferRow } from './OfferRow.tsx';
import { useOffers } from './use-offers.ts';
import { useShownReceipts } from './use-shown-receipts.ts';

const LOOK_EVERY_MS = 15_000;

/** The offers that came, newest first. */
export function InboxPage() {
  const { t } = useTranslation('offers');
  const me = useMe();
  const { status } = usePush();
  const offers = useOffers();
  const now = useNow(LOOK_EVERY_MS);
  const items = offers.data?.pages.flatMap((page) => page.items) ?? [];
  useShownReceipts(items);
  // What the app's icon counts is seen now.
  useEffect(() => void navigator.clearAppBadge?.(), []);
  const hasAgreed = me.consents.some(({ granted }) => granted);
  return (
    <Page title={t('title')}>
      <StoppedNote />
      {(status.kind !== 'on' || !hasAgreed) && <PushCard asLink />}
      {offers.isPending && <Waiting lines={5} />}
      {offers.data === undefined && offers.isError && (
        <Failure error={offers.error} onRetry={() => offers.refetch()} />
      )}
      {offers.data !== undefined && items.length === 0 && <EmptyInbox />}
      {items.length > 0 && (
        <ul className="inbox">
          {items.map((offer) => (
            <OfferRow key={offer.id} offer={offer} now={now} />
          ))}
        </ul>
      )}
      {offers.hasNextPage && (
        <Button busy={offers.isFetchingNextPage} onClick={() => void offers.fetchNextPage()}>
          {t('older')}
        </Button>
      )}
      {/* What stands below comes when what is above it moves no more. */}
      {(offers.isFetchedAfterMount || offers.isError) && (
        <>
          {me.consents.some(({ outdated }) => outdated) && (
            <Link href="/settings#purposes" className="more">
              {t('newWording')}
              <Icon name="chevron" />
            </Link>
          )}
          <Link href="/not-sent" className="more">
            {t('notSent')}
            <Icon name="chevron" />
          </Link>
          <StopCard />
        </>
      )}
    </Page>
  );
}
