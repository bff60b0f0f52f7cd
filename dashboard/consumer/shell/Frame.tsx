import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { Mishap } from './Mishap.tsx';
import { Navigation } from './Navigation.tsx';

interface Props {
  /** For whom is signed in. */
  readonly withNavigation?: boolean;
  readonly children: ReactNode;
}

/** What stays while pages change: the name above, the ways to the pages (below on a phone, above elsewhere). */
export function Frame({ withNavigation = false, children }: Props) {
  const { t } = useTranslation();
  const [path] = useLocation();
  return (
    <div className="app">
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t('skip')}
      </button>
      <header className="app-top">
        <Link href="/" className="brand">
          <img src="/icons/logo.svg" width={28} height={28} alt="" />
          <span>Wayside</span>
        </Link>
        {withNavigation && <Navigation />}
      </header>
      <main id="main" tabIndex={-1}>
        <Mishap path={path}>{children}</Mishap>
      </main>
    </div>
  );
}
