import { Link } from 'wouter';
import type { ListedRedemption } from '../../../gateway/records/redemptions.ts';
import { dayAndTimeOf, momentOf } from '../../look/when.ts';
import { ListFrame } from '../ListFrame.tsx';
import { Refresh } from '../Refresh.tsx';
import { TextFilter } from '../TextFilter.tsx';
import { useFilters } from '../use-filters.ts';
import { useList } from '../use-list.ts';
import { useNames } from '../use-names.ts';

/** A till that tells a code later than this was offline. */
const OFFLINE_MS = 60_000;

/** Codes that were redeemed lately. */
export function Redemptions() {
  const { filters, field } = useFilters(['till']);
  const list = useList<ListedRedemption>('/api/v1/redemptions', filters);
  const names = useNames();
  return (
    <ListFrame
      title="Redeemed codes"
      intro="Each offer is redeemed once. What a till redeemed while it was offline counts from when the code was handed in."
      columns={['Handed in', 'Till', 'Offer', 'Rule']}
      empty={filters.till === '' ? 'No code has been redeemed yet.' : 'Nothing matches.'}
      list={list}
      filters={
        <>
          <TextFilter label="Till" placeholder="Id of a till, or @user" {...field('till')} />
          <Refresh list={list} />
        </>
      }
    >
      {list.items.map(({ till, id, offer, rule, redeemedAt, receivedAt }) => (
        <tr key={`${till} ${id}`}>
          <td className="nowrap">
            <time dateTime={new Date(redeemedAt).toISOString()} title={momentOf(redeemedAt)}>
              {dayAndTimeOf(redeemedAt)}
            </time>
            {receivedAt - redeemedAt > OFFLINE_MS && (
              <small className="soft block">{`told ${dayAndTimeOf(receivedAt)}`}</small>
            )}
          </td>
          <td>
            <code>{till}</code>
          </td>
          <td className="wide">{offer.title}</td>
          <td>
            <Link href={`/rules/${encodeURIComponent(rule)}`}>{names.rule(rule)}</Link>
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}
