import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { StoredVisit } from '../../../gateway/records/visits.ts';
import { request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { dayAndTimeOf, timeOf } from '../../look/when.ts';
import { useNames } from '../use-names.ts';
import { explainAddress } from './explain-shapes.ts';

const MOST = 12;

/** Somebody's latest visits, each as a moment to explain. */
export function VisitPicks({ consumer }: { consumer: string }) {
  const names = useNames();
  const visits = useQuery({
    queryKey: ['visits-of', consumer],
    queryFn: () =>
      request<Page<StoredVisit>>(
        'GET',
        `/api/v1/visits?${new URLSearchParams({ consumer, limit: String(MOST) })}`,
      ),
  });
  const items = visits.data?.items ?? [];
  if (visits.data === undefined) return null;
  return (
    <section className="surface rule-section" aria-labelledby="visit-picks">
      <h2 id="visit-picks">Latest visits of {consumer}</h2>
      {items.length === 0 && <p className="soft">No visit of theirs is kept: choose a time.</p>}
      <ul className="visit-picks">
        {items.map(({ id, place, device, enteredAt, exitedAt }) => (
          <li key={id}>
            <Link href={explainAddress(consumer, place, enteredAt)}>{names.place(place)}</Link>{' '}
            <span className="soft">
              {dayAndTimeOf(enteredAt)}
              {exitedAt === undefined ? ', still there' : ` to ${timeOf(exitedAt)}`}, {device}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
