import './styles/base.css';
import './styles/parts.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/inbox.css';
import './styles/offer.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { createQueries } from '../api/queries.ts';
import { App } from './App.tsx';
import { startWords } from './i18n/start.ts';
import { enter, isEntrance } from './shell/enter.ts';
import { keepInstallOffer } from './shell/install-offer.ts';
import { reloadWhereAPartIsGone } from './shell/part-gone.ts';
import { followTheme } from './shell/theme.ts';
import { lookWhoIsSignedIn } from './shell/use-me.ts';

followTheme();
reloadWhereAPartIsGone();
keepInstallOffer();

const queries = createQueries((error) => lookWhoIsSignedIn(queries, error));
// The app has what it last saw, and says so: to wait for a network in silence would help nobody.
queries.setDefaultOptions({
  queries: { ...queries.getDefaultOptions().queries, networkMode: 'always', refetchOnReconnect: true },
  mutations: { networkMode: 'always' },
});

// Started before React is: a link works once, and an effect may run twice.
const entered = enter();
// Another link opened in the same tab changes the fragment only.
addEventListener('hashchange', () => isEntrance() && location.reload());

await startWords();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Router base="/me" aroundNav={goToTop}>
        <App entered={entered} />
      </Router>
    </QueryClientProvider>
  </StrictMode>,
);

/** A page that one goes to begins at its top; one that one goes back to is where the browser left it. */
function goToTop(navigate: (to: string, options?: object) => void, to: string, options?: object): void {
  navigate(to, options);
  scrollTo({ top: 0, behavior: 'instant' });
}
