import { useCallback, useSyncExternalStore } from 'react';

export const THEMES = ['auto', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];

/** Where the console's library keeps it, and public/theme-boot.js looks before the first paint. */
const KEPT_AS = 'mantine-color-scheme-value';

const listeners = new Set<() => void>();

function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEPT_AS);
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}

/** Draws the page in the chosen theme, and follows the system where none is chosen; once, at the start. */
export function followTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const draw = () => {
    const theme = chosenTheme();
    const scheme = theme === 'auto' ? (system.matches ? 'dark' : 'light') : theme;
    document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
  };
  system.addEventListener('change', draw);
  // Changed in another tab, or on the console's pages.
  addEventListener('storage', (event) => {
    if ((event as StorageEvent).key === KEPT_AS) chosen();
  });
  listeners.add(draw);
  draw();
}

function chosen(): void {
  for (const listener of listeners) listener();
}

/** The theme that was chosen in this browser, and how to choose another. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const subscribe = useCallback((listener: () => void) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  const theme = useSyncExternalStore(subscribe, chosenTheme);
  const choose = useCallback((wanted: Theme) => {
    localStorage.setItem(KEPT_AS, wanted);
    chosen();
  }, []);
  return [theme, choose];
}
