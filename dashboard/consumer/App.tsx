import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import type { Me } from '../api/me-shapes.ts';
import { ApiProblem } from '../api/request.ts';
import { OFFERS_KEY } from './inbox/use-offers.ts';
import { Failure } from './parts/Failure.tsx';
import { Waiting } from './parts/Waiting.tsx';
import { usePushUpToDate } from './push/use-push.ts';
import { pendingClaim } from './settings/pending-claim.ts';
import type { Entered } from './shell/enter.ts';
import { Frame } from './shell/Frame.tsx';
import { forgetKept, onForgotten } from './shell/kept.ts';
import { Farewell, SignIn } from './shell/lazy-pages.ts';
import { Routes } from './shell/Routes.tsx';
import { Seen } from './shell/Seen.tsx';
import { StoppingProvider } from './shell/stopping.tsx';
import { ME_KEY, MeContext, useMeQuery } from './shell/use-me.ts';
import { onWorkerMessage, tellWhenOnline } from './shell/worker-messages.ts';

/** Where whoever was erased is led: nobody is signed in there, and nobody is asked to be. */
const FAREWELL = '/farewell';

/** Finds out who is signed in: the app for them, the way in for everyone else. */
export function App({ entered }: { readonly entered: Promise<Entered> }) {
  const entry = useEntry(entered);
  const queries = useQueryClient();
  const [path] = useLocation();
  const isOver = path === FAREWELL;
  // A link has to be exchanged first, for it may bring another person than the one of the cookie.
  const me = useMeQuery(entry !== null && !isOver);
  const isClosed = me.data === null;

  useEffect(() => {
    if (!isClosed) return;
    // The session has ended: what was seen in it is not for whoever opens the app now.
    forgetKept();
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] === 'me' && queryKey.length > 1 });
  }, [isClosed, queries]);

  if (isOver) {
    return (
      <Frame>
        <Suspense fallback={<Waiting />}>
          <Farewell />
        </Suspense>
      </Frame>
    );
  }
  if (entry?.kind === 'refused' && entry.problem.status !== 401) {
    return (
      <Frame>
        <Failure error={entry.problem} onRetry={() => location.reload()} />
      </Frame>
    );
  }
  if (entry === null || (me.data === undefined && me.isPending)) {
    return (
      <Frame>
        <Waiting />
      </Frame>
    );
  }
  // A used link in a browser that is signed in already does no harm: the app opens.
  if (me.data === null) {
    return (
      <Frame>
        <Suspense fallback={<Waiting />}>
          <SignIn wasRefused={entry.kind === 'refused'} />
        </Suspense>
      </Frame>
    );
  }
  if (me.data === undefined) {
    return (
      <Frame>
        <Failure error={me.error ?? new Error('no answer')} onRetry={() => me.refetch()} />
      </Frame>
    );
  }
  return (
    <MeContext value={me.data}>
      <StoppingProvider>
        <Frame withNavigation>
          <Seen error={me.error} />
          <Routes />
        </Frame>
        <Duties me={me.data} isFresh={me.isFetchedAfterMount && me.isSuccess} />
      </StoppingProvider>
    </MeContext>
  );
}

/** What the app does beside what it shows: push kept in order, the worker heard, a device's code put before the person. */
function Duties({ me, isFresh }: { readonly me: Me; readonly isFresh: boolean }) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  usePushUpToDate(me, isFresh);
  useEffect(tellWhenOnline, []);
  useEffect(
    () => onForgotten(() => void queries.invalidateQueries({ queryKey: ME_KEY, exact: true })),
    [queries],
  );
  useEffect(
    () => onWorkerMessage('offer', () => void queries.invalidateQueries({ queryKey: OFFERS_KEY })),
    [queries],
  );
  useEffect(() => {
    // Links of devices lead to the first page; who is on the way to another, as to an offer, is not led away from it.
    if (/^\/me\/?$/.test(location.pathname) && pendingClaim(Date.now()) !== null)
      navigate('/settings', { replace: true });
  }, [navigate]);
  return null;
}

function useEntry(entered: Promise<Entered>): Entered | null {
  const [entry, setEntry] = useState<Entered | null>(null);
  useEffect(() => {
    entered.then(setEntry, (error: unknown) => {
      const title = error instanceof Error ? error.message : String(error);
      setEntry({ kind: 'refused', problem: new ApiProblem(0, 'unknown', title, 'Reload the page.') });
    });
  }, [entered]);
  return entry;
}
