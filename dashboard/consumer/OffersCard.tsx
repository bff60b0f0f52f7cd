import { Button, Skeleton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { request } from '../api/request.ts';
import type { Page, ReceivedOffer } from '../api/shapes.ts';
import { Icon } from '../look/icons.tsx';
import { StateBadge } from '../look/StateBadge.tsx';
import { Trouble } from '../look/Trouble.tsx';
import { customaryTimeOf, momentOf } from '../look/when.ts';
import { webAddress } from './push-message.ts';

const REFRESH_MS = 15_000;
const PAGE_SIZE = 20;

/** The offers that came, newest first, each with why it came. */
export function OffersCard() {
  const offers = useInfiniteQuery({
    queryKey: ['me', 'offers'],
    queryFn: ({ pageParam }) =>
      request<Page<ReceivedOffer>>(
        'GET',
        `/api/v1/me/offers?limit=${PAGE_SIZE}${pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: REFRESH_MS,
  });
  const items = offers.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="offers">
      <h2 id="offers">Received</h2>
      {offers.isPending && <Skeleton height={72} aria-label="Loading" />}
      {offers.isError && <Trouble error={offers.error} onRetry={() => offers.refetch()} />}
      {offers.isSuccess && items.length === 0 && (
        <p className="soft">No offer has come yet. Those that come stay listed here.</p>
      )}
      {items.length > 0 && (
        <ul className="offers">
          {items.map((offer) => (
            <Offer key={offer.id} offer={offer} />
          ))}
        </ul>
      )}
      {offers.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          loading={offers.isFetchingNextPage}
          onClick={() => offers.fetchNextPage()}
        >
          Show older
        </Button>
      )}
    </section>
  );
}

function Offer({ offer }: { offer: ReceivedOffer }) {
  const link = webAddress(offer.url);
  return (
    <li className="offer">
      <div className="offer-head">
        <h3>{offer.title}</h3>
        <StateBadge state={offer.state} />
      </div>
      {offer.body !== '' && <p>{offer.body}</p>}
      {offer.code !== undefined && (
        <p className="offer-code">
          Your code: <code>{offer.code}</code>
        </p>
      )}
      <p className="soft offer-why">
        <strong>Why you got this:</strong> {offer.why}
      </p>
      <p className="offer-foot soft">
        <time dateTime={new Date(offer.createdAt).toISOString()} title={momentOf(offer.createdAt)}>
          {customaryTimeOf(offer.createdAt)}
        </time>
        {link !== null && (
          <a href={link} target="_blank" rel="noopener noreferrer">
            Open offer <span className="visually-hidden">{offer.title}</span>
            <Icon name="link" size={14} />
          </a>
        )}
      </p>
    </li>
  );
}
