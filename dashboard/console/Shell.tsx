import { ActionIcon, Tooltip } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Link, Route, Router, Switch, useLocation } from 'wouter';
import { request } from '../api/request.ts';
import type { Session } from '../api/shapes.ts';
import { browserPorts } from '../live/browser-ports.ts';
import { createLiveFeed } from '../live/live-feed.ts';
import { LiveFeedContext, useLive } from '../live/use-live.ts';
import { Icon } from '../look/icons.tsx';
import { ThemeToggle } from '../look/ThemeToggle.tsx';
import { AccessPage } from './AccessPage.tsx';
import { AuditPage } from './audit/AuditPage.tsx';
import { DecisionsPage } from './DecisionsPage.tsx';
import { DevicePage } from './DevicePage.tsx';
import { DevicesPage } from './DevicesPage.tsx';
import { LivePage } from './LivePage.tsx';
import { NotFoundPage } from './NotFoundPage.tsx';
import { AudiencePage } from './pacing/AudiencePage.tsx';
import { CampaignsPage } from './pacing/CampaignsPage.tsx';
import { FENCE_PATHS, FencesPage } from './places/FencesPage.tsx';
import { QuarantinePage } from './QuarantinePage.tsx';
import { ExplainPage } from './rules/ExplainPage.tsx';
import { RulePage } from './rules/RulePage.tsx';
import { RulesPage } from './rules/RulesPage.tsx';
import { SendingBanner } from './sending/SendingBanner.tsx';
import { SendingPage } from './sending/SendingPage.tsx';
import { TillsPage } from './tills/TillsPage.tsx';
import { askBeforeLeaving } from './unsaved.ts';

// With it comes the YAML parser, which only who writes a rule needs.
const RuleEditorPage = lazy(() =>
  import('./rules/RuleEditorPage.tsx').then((module) => ({ default: module.RuleEditorPage })),
);

const PAGES = [
  { path: '/', name: 'Live' },
  { path: '/decisions', name: 'Decisions' },
  { path: '/rules', name: 'Rules' },
  { path: '/places', name: 'Places' },
  { path: '/audience', name: 'Audience' },
  { path: '/campaigns', name: 'Campaigns' },
  { path: '/tills', name: 'Tills' },
  { path: '/sending', name: 'Sending' },
  { path: '/devices', name: 'Devices' },
  { path: '/quarantine', name: 'Quarantine' },
  { path: '/access', name: 'Access' },
  { path: '/audit', name: 'Audit' },
] as const;

/** Pages that not every role may see; the gateway refuses their data to the others. */
const MAY_SEE: Readonly<Record<string, readonly Session['role'][]>> = {
  '/tills': ['admin', 'marketer', 'analyst'],
  '/sending': ['admin', 'marketer'],
  '/access': ['admin'],
  '/audit': ['admin'],
};

/** Addresses that belong to a page of the navigation without lying below it. */
const ALSO: Readonly<Record<string, string>> = { '/places': '/zones', '/decisions': '/explain' };

/** Header, navigation and the pages; holds the one live stream, which goes on while pages change. */
export function Shell({ session }: { session: Session }) {
  const [feed] = useState(() => createLiveFeed(browserPorts));
  useEffect(() => {
    const [start, stop] = [() => feed.start(), () => feed.stop()];
    start();
    // A page that the browser keeps for "back" would keep its stream too, and a browser has six connections to a server.
    addEventListener('pagehide', stop);
    addEventListener('pageshow', start);
    return () => {
      removeEventListener('pagehide', stop);
      removeEventListener('pageshow', start);
      stop();
    };
  }, [feed]);
  return (
    <LiveFeedContext value={feed}>
      <Router aroundNav={askBeforeLeaving}>
        <div className="shell">
          <button type="button" className="skip" onClick={skipToMain}>
            Skip to content
          </button>
          <div>
            <header className="top">
              <Link href="/" className="brand" aria-label="Wayside, live map">
                <img src="/icons/logo.svg" width={28} height={28} alt="" />
                <span>Wayside</span>
              </Link>
              <nav aria-label="Pages">
                {PAGES.filter(({ path }) => MAY_SEE[path]?.includes(session.role) ?? true).map(
                  ({ path, name }) => (
                    <NavLink key={path} path={path} name={name} also={ALSO[path]} />
                  ),
                )}
              </nav>
              <div className="top-right">
                <Connection />
                <ThemeToggle />
                <SignOut name={session.name} />
              </div>
            </header>
            <SendingBanner />
          </div>
          <main id="main" tabIndex={-1}>
            <Suspense fallback={null}>
              <Switch>
                <Route path="/" component={LivePage} />
                <Route path="/decisions" component={DecisionsPage} />
                <Route path="/rules" component={RulesPage} />
                <Route path="/rules/~new">
                  <RuleEditorPage id={null} />
                </Route>
                <Route path="/rules/:id/edit">{({ id }) => <RuleEditorPage id={id} />}</Route>
                <Route path="/rules/:id">{({ id }) => <RulePage id={id} />}</Route>
                <Route path="/explain" component={ExplainPage} />
                <Route path={FENCE_PATHS} component={FencesPage} />
                <Route path="/audience" component={AudiencePage} />
                <Route path="/campaigns" component={CampaignsPage} />
                <Route path="/devices" component={DevicesPage} />
                <Route path="/devices/:id">{({ id }) => <DevicePage id={id} />}</Route>
                <Route path="/quarantine" component={QuarantinePage} />
                <Route path="/access" component={AccessPage} />
                <Route path="/audit" component={AuditPage} />
                <Route path="/tills" component={TillsPage} />
                <Route path="/sending" component={SendingPage} />
                <Route component={NotFoundPage} />
              </Switch>
            </Suspense>
          </main>
        </div>
      </Router>
    </LiveFeedContext>
  );
}

function skipToMain(): void {
  document.getElementById('main')?.focus();
}

function NavLink({ path, name, also }: { path: string; name: string; also: string | undefined }) {
  const [location] = useLocation();
  const lies = (root: string) => location === root || location.startsWith(`${root}/`);
  const here = path === '/' ? location === path : lies(path) || (also !== undefined && lies(also));
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (!here) return;
    document.title = `${name} · Wayside`;
    // On a narrow screen the row of pages is wider than the screen.
    link.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [here, name]);
  return (
    <Link
      ref={link}
      href={path}
      className={here ? 'nav-link nav-here' : 'nav-link'}
      aria-current={here ? 'page' : undefined}
    >
      {name}
    </Link>
  );
}

const CONNECTION_WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Connection lost, trying again',
} as const;

function Connection() {
  const { connection } = useLive();
  return (
    <span className={`connection connection-${connection}`} role="status">
      <span className="connection-dot" aria-hidden="true" />
      <span className="connection-words">{CONNECTION_WORDS[connection]}</span>
    </span>
  );
}

function SignOut({ name }: { name: string }) {
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => request<void>('DELETE', '/api/v1/session'),
    onSuccess: () => {
      queries.clear();
      window.location.assign('/');
    },
  });
  const label = signOut.isError ? `Signing out failed: ${signOut.error.message}` : `Sign out ${name}`;
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        loading={signOut.isPending}
        onClick={() => signOut.mutate()}
      >
        <Icon name="signOut" />
      </ActionIcon>
    </Tooltip>
  );
}
