import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../../api/request.ts';
import { Icon } from '../../look/icons.tsx';
import { useFormats } from '../i18n/use-formats.ts';
import { OFFERS_KEY } from '../inbox/use-offers.ts';
import { Failure } from '../parts/Failure.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { webAddress } from '../worker/push-message.ts';
import { FewerCard } from './FewerCard.tsx';
import { LifeMark } from './LifeMark.tsx';
import { OfferImage } from './OfferImage.tsx';
import { offerLife } from './offer-life.ts';
import { tellOfOffer } from './tell-of-offer.ts';
import { useNow } from './use-now.ts';
import { useOffer } from './use-offer.ts';

const OfferCode = lazy(async () => ({ default: (await import('./OfferCode.tsx')).OfferCode }));

const Why = lazy(async () => ({ default: (await import('../why/Why.tsx')).Why }));

/** In its last two minutes an offer is counted down by seconds. */
const LAST_MS = 120_000;
const SECOND_MS = 1_000;
const LOOK_EVERY_MS = 15_000;

/** One offer: what it is, how long it holds, the way to it, its code, why it came, and how to get fewer of them. */
export function OfferPage({ id }: { readonly id: string }) {
  const { t } = useTranslation('offers');
  const formats = useFormats();
  const { offer, detail, error, refetch } = useOffer(id);
  const isLast = offer !== undefined && Math.abs(offer.expiresAt - Date.now()) < LAST_MS;
  const now = useNow(isLast ? SECOND_MS : LOOK_EVERY_MS);
  const queries = useQueryClient();
  const back = { to: '/', name: t('offer.back') };
  const isNews = offer !== undefined && (offer.state === 'sent' || offer.state === 'shown');

  useEffect(() => {
    // To open an offer here is what a press on its notification is.
    if (isNews)
      void tellOfOffer(id, 'clicked').then(() => queries.invalidateQueries({ queryKey: OFFERS_KEY }));
  }, [isNews, id, queries]);

  if (offer === undefined) {
    const isGone = error instanceof ApiProblem && error.status === 404;
    return (
      <Page title={t(isGone ? 'offer.goneTitle' : 'title')} back={back}>
        {isGone && <p className="soft">{t('offer.goneText')}</p>}
        {!isGone &&
          (error === null ? <Waiting lines={6} /> : <Failure error={error} onRetry={() => refetch()} />)}
      </Page>
    );
  }
  const life = offerLife(offer, now);
  const link = webAddress(offer.url);
  const endsAt = formats.near(offer.expiresAt, now);
  return (
    <Page title={offer.title} back={back}>
      <OfferImage offer={offer} />
      <p className="offer-life">
        <LifeMark life={life} />
        <span className="soft">
          {life.kind === 'open' && t('offer.endsAt', { when: endsAt })}
          {life.kind === 'ended' && t('offer.endedAt', { when: endsAt })}
          {life.kind === 'redeemed' && t('offer.redeemedText')}
          {life.kind === 'withdrawn' && t('offer.withdrawnText')}
        </span>
        <span className="soft">{t('offer.received', { when: formats.near(offer.createdAt, now) })}</span>
      </p>
      {offer.body !== '' && <p className="offer-body">{offer.body}</p>}
      {link !== null && life.kind !== 'withdrawn' && (
        <a className="button button-main" href={link} target="_blank" rel="noopener noreferrer">
          {t('offer.toShop')}
          <Icon name="link" />
        </a>
      )}
      {offer.code !== undefined && life.kind === 'open' && (
        <Suspense fallback={<div className="card offer-code-room" />}>
          <OfferCode code={offer.code} />
        </Suspense>
      )}
      <FewerCard id={id} levelBefore={detail?.fewer ?? null} />
      {/* Last, for it comes a moment later than the rest. */}
      {detail !== undefined && (
        <Suspense fallback={null}>
          <Why offer={detail} />
        </Suspense>
      )}
    </Page>
  );
}
