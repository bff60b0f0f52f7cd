import { useSyncExternalStore } from 'react';

export type Scheme = 'light' | 'dark';

const ATTRIBUTE = 'data-mantine-color-scheme';

/** The theme that the page is drawn in now, for what does not follow by CSS: charts and maps. */
export function useScheme(): Scheme {
  return useSyncExternalStore(subscribe, () =>
    document.documentElement.getAttribute(ATTRIBUTE) === 'dark' ? 'dark' : 'light',
  );
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: [ATTRIBUTE] });
  return () => observer.disconnect();
}
