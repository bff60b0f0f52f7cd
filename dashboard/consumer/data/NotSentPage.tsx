import '../why/why.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { NotSent } from '../../api/my-data-shapes.ts';
import { request } from '../../api/request.ts';
import type { Page as ListPage } from '../../api/shapes.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Button } from '../parts/Button.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { byReason, type HeldBack } from '../why/held-back.ts';
import type { ReasonWord } from '../why/why-words.ts';

const PAGE_SIZE = 100;
const SHOWN_AT_FIRST = 3;
/** What the person can change themselves. */
const OWN_CHOICES: readonly ReasonWord[] = [
  'no_consent',
  'quiet_hours',
  'no_channel',
  'consumer_cap',
  'gone',
];

/** The latest offers that were not sent, by reason. */
export function NotSentPage() {
  const { t } = useTranslation(['why', 'shell']);
  const held = useInfiniteQuery({
    queryKey: ['me', 'not-sent'],
    queryFn: ({ pageParam }) => {
      const query = new URLSearchParams({
        limit: String(PAGE_SIZE),
        ...(pageParam !== null && { cursor: pageParam }),
      });
      return request<ListPage<NotSent>>('GET', `/api/v1/me/not-sent?${query}`);
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next ?? null,
  });
  const items = held.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t('why:notSent.title')} back={{ to: '/', name: t('shell:nav.offers') }}>
      <p className="soft">{t('why:notSent.intro')}</p>
      {held.isPending && <Waiting lines={6} />}
      {held.isError && <Failure error={held.error} onRetry={() => held.refetch()} />}
      {held.isSuccess && items.length === 0 && <p className="card soft">{t('why:notSent.none')}</p>}
      {byReason(items).map((group) => (
        <HeldCard key={group.reason} held={group} />
      ))}
      {held.hasNextPage && (
        <Button busy={held.isFetchingNextPage} onClick={() => void held.fetchNextPage()}>
          {t('why:notSent.older')}
        </Button>
      )}
    </Page>
  );
}

function HeldCard({ held: { reason, items } }: { readonly held: HeldBack }) {
  const { t } = useTranslation('why');
  const formats = useFormats();
  const heading = useId();
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? items : items.slice(0, SHOWN_AT_FIRST);
  return (
    <section className="card held" aria-labelledby={heading}>
      <h2 id={heading}>{t(`reason.${reason}`)}</h2>
      <p className="held-count soft">
        {t('notSent.times', { count: items.length })}
        {OWN_CHOICES.includes(reason) && (
          <>
            {' · '}
            <Link href="/settings">{t('notSent.settings')}</Link>
          </>
        )}
      </p>
      <ul className="held-list">
        {shown.map(({ id, at, rule, place }) => (
          <li key={id}>
            <span>
              {rule.name}
              {place?.name != null && (
                <span className="soft">{` ${t('notSent.at', { place: place.name })}`}</span>
              )}
            </span>
            <time className="soft" dateTime={new Date(at).toISOString()}>
              {formats.dateTime(at)}
            </time>
          </li>
        ))}
      </ul>
      {shown.length < items.length && (
        <Button look="quiet" onClick={() => setShowsAll(true)}>
          {t('notSent.more', { count: items.length })}
        </Button>
      )}
    </section>
  );
}
