import { Center, Loader } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { ApiProblem, request } from '../api/request.ts';
import type { Me } from '../api/shapes.ts';
import { ThemeToggle } from '../look/ThemeToggle.tsx';
import { Trouble } from '../look/Trouble.tsx';
import { ConsentCard } from './ConsentCard.tsx';
import { DevicesCard } from './DevicesCard.tsx';
import type { Entered } from './enter.ts';
import { OffersCard } from './OffersCard.tsx';
import { PushCard } from './PushCard.tsx';
import { usePushStatus } from './push-status.ts';
import { QuietHoursCard } from './QuietHoursCard.tsx';
import { StopCard } from './StopCard.tsx';

/** The consumer's page: what comes in, what it is based on, and how to stop it. */
export function MePage({ entered }: { entered: Promise<Entered> }) {
  const [entry, setEntry] = useState<Entered | null>(null);
  useEffect(() => {
    entered.then(setEntry, (error: unknown) => {
      const problem = new ApiProblem(
        0,
        'unknown',
        error instanceof Error ? error.message : String(error),
        'Reload the page.',
      );
      setEntry({ kind: 'refused', problem });
    });
  }, [entered]);
  const me = useQuery({
    queryKey: ['me'],
    queryFn: () => request<Me>('GET', '/api/v1/me'),
    enabled: entry !== null,
  });
  if (entry === null || me.isPending) {
    return (
      <Frame>
        <Center mih="50dvh">
          <Loader aria-label="Loading" />
        </Center>
      </Frame>
    );
  }
  // A used link in a browser that is signed in already does no harm: the page opens.
  if (me.isError) {
    return (
      <Frame>
        <NoSession entry={entry} error={me.error} onRetry={() => me.refetch()} />
      </Frame>
    );
  }
  return (
    <Frame>
      <Signed me={me.data} />
    </Frame>
  );
}

function Frame({ children }: { children: ReactNode }) {
  return (
    <div className="me">
      <header className="me-top">
        <img src="/icons/logo.svg" width={30} height={30} alt="" />
        <span className="me-brand">Wayside</span>
        <ThemeToggle />
      </header>
      <main>{children}</main>
    </div>
  );
}

function NoSession({ entry, error, onRetry }: { entry: Entered; error: Error; onRetry: () => void }) {
  if (entry.kind === 'refused' && entry.problem.status !== 401)
    return <Trouble error={entry.problem} onRetry={() => location.reload()} />;
  if (!(error instanceof ApiProblem && error.status === 401))
    return <Trouble error={error} onRetry={onRetry} />;
  const refused = entry.kind === 'refused';
  return (
    <section className="card me-closed">
      <h1>{refused ? 'This link no longer works' : 'You need a link to open this page'}</h1>
      <p>
        {refused
          ? 'A link opens this page once, and only for some time. Ask whoever sent it for a new one.'
          : 'Whoever makes the offers sends you a personal link. Open it in this browser.'}
      </p>
    </section>
  );
}

function Signed({ me }: { me: Me }) {
  const push = usePushStatus();
  const queries = useQueryClient();
  const [stopped, setStopped] = useState(false);
  const agreed = me.consents.some(({ granted }) => granted);

  useEffect(() => {
    if (!('serviceWorker' in navigator)) return undefined;
    const hear = ({ data }: MessageEvent<{ kind?: string }>) => {
      if (data.kind === 'offer') void queries.invalidateQueries({ queryKey: ['me', 'offers'] });
    };
    const tell = () => navigator.serviceWorker.controller?.postMessage({ kind: 'tell-receipts' });
    navigator.serviceWorker.addEventListener('message', hear);
    addEventListener('online', tell);
    tell();
    return () => {
      navigator.serviceWorker.removeEventListener('message', hear);
      removeEventListener('online', tell);
    };
  }, [queries]);

  return (
    <>
      <h1>Your offers</h1>
      {stopped && (
        <p className="card me-stopped" role="status">
          <strong>Everything is stopped.</strong> You agree to nothing any more, and no browser receives
          offers. Turn on below what you want back.
        </p>
      )}
      <PushCard
        status={push.status}
        agreed={agreed}
        onTurnOn={async () => {
          await push.turnOn(me.vapidPublicKey);
          setStopped(false);
          await queries.invalidateQueries({ queryKey: ['me'] });
        }}
        onTurnOff={async () => {
          await push.turnOff(true);
          await queries.invalidateQueries({ queryKey: ['me'] });
        }}
      />
      <OffersCard />
      <ConsentCard me={me} onGranted={() => setStopped(false)} />
      <QuietHoursCard me={me} />
      <DevicesCard me={me} />
      <StopCard
        onStop={async () => {
          await request('POST', '/api/v1/me/stop');
          setStopped(true);
          scrollTo({ top: 0 });
          // The gateway has forgotten every subscription by now: this ends the browser's own.
          await push.turnOff(false);
          await queries.invalidateQueries({ queryKey: ['me'] });
        }}
      />
    </>
  );
}
