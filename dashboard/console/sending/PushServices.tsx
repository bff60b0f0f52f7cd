import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ServiceReport } from '../../../gateway/delivery/services.ts';
import { request } from '../../api/request.ts';
import { HeadRow } from '../../look/HeadRow.tsx';
import { Trouble } from '../../look/Trouble.tsx';
import { momentOf, timeOf } from '../../look/when.ts';
import { PageSection } from '../PageSection.tsx';
import { ScrollRegion } from '../ScrollRegion.tsx';
import { refusalWords, serviceName } from './service-words.ts';

/** One of GET /api/v1/push-services. */
interface PushService extends ServiceReport {
  /** Browsers that it stands for; 0 for other channels. */
  readonly subscriptions: number;
}

/** GET /api/v1/push-services. */
interface Services {
  readonly items: readonly PushService[];
  /** Offers that wait to be sent. */
  readonly waiting: number;
  /** When the oldest of them was made, or null. */
  readonly waitingSince: number | null;
}

const ASK_EVERY_MS = 5_000;
const COLUMNS = ['Service', 'Browsers', 'Sent', 'Tried again', 'Ended', 'Refused', 'Now'];

/** What services that offers are handed to make of them, and how many offers wait. */
export function PushServices() {
  const services = useQuery({
    queryKey: ['push-services'],
    queryFn: () => request<Services>('GET', '/api/v1/push-services'),
    refetchInterval: ASK_EVERY_MS,
  });
  return (
    <PageSection
      title="Services"
      intro="Where offers are handed to, and what became of them since the gateway started."
    >
      {services.isError && <Trouble error={services.error} onRetry={() => services.refetch()} />}
      {services.isPending && <Skeleton height={160} role="status" aria-label="Loading" />}
      {services.data !== undefined && (
        <>
          <Waiting {...services.data} />
          {services.data.items.length === 0 ? (
            <p className="surface list-empty soft">Nobody has subscribed yet, and nothing was sent.</p>
          ) : (
            <ScrollRegion label="What became of offers" className="surface list-table">
              <table aria-label="Services">
                <HeadRow columns={COLUMNS} />
                <tbody>
                  {services.data.items.map((service) => (
                    <Row key={service.origin} service={service} />
                  ))}
                </tbody>
              </table>
            </ScrollRegion>
          )}
        </>
      )}
    </PageSection>
  );
}

function Waiting({ waiting, waitingSince }: Services) {
  if (waiting === 0) return <p>No offer waits to be sent.</p>;
  return (
    <p>
      <strong>{waiting.toLocaleString()}</strong> {waiting === 1 ? 'offer waits' : 'offers wait'} to be sent
      {waitingSince !== null && `, the oldest since ${momentOf(waitingSince)}`}.
    </p>
  );
}

function Row({ service }: { service: PushService }) {
  const { origin, subscriptions, sent, retried, gone, refused, restingUntil } = service;
  return (
    <tr>
      <th scope="row">{serviceName(origin)}</th>
      <td>{subscriptions === 0 ? <span className="soft">none</span> : subscriptions.toLocaleString()}</td>
      <td>{sent.toLocaleString()}</td>
      <td>{retried.toLocaleString()}</td>
      <td>{gone.toLocaleString()}</td>
      <td>
        {refused.length === 0 && <span className="soft">never</span>}
        {refused.map(({ status, count, lastAt }) => (
          <span key={status} className="block refused">
            {count.toLocaleString()} × {status} ({refusalWords(status)}), last {momentOf(lastAt)}
          </span>
        ))}
      </td>
      <td className="nowrap">
        {restingUntil === null ? (
          'In use'
        ) : (
          <span className="refused">Does not answer; tried again at {timeOf(restingUntil)}</span>
        )}
      </td>
    </tr>
  );
}
