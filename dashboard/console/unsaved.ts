import { useEffect, useSyncExternalStore } from 'react';
import type { AroundNavHandler } from 'wouter';

/** Where somebody wanted to go while a page had unsaved changes. */
interface Pending {
  readonly go: () => void;
}

let guarded = false;
let pending: Pending | null = null;
const listeners = new Set<() => void>();

function setPending(next: Pending | null): void {
  pending = next;
  for (const listener of listeners) listener();
}

/** For the router: holds back a navigation while there are unsaved changes, until the page has asked. */
export const askBeforeLeaving: AroundNavHandler = (navigate, to, options) => {
  if (guarded) setPending({ go: () => navigate(to, options) });
  else navigate(to, options);
};

/**
 * Guards a page while `dirty`: links wait for an answer, and the browser asks by itself before it closes or reloads.
 * Gives how to leave or to stay while somebody wants to leave, else null.
 */
export function useUnsavedGuard(
  dirty: boolean,
): { readonly leave: () => void; readonly stay: () => void } | null {
  const waiting = useSyncExternalStore(subscribe, () => pending);
  useEffect(() => {
    guarded = dirty;
    if (!dirty) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => {
      guarded = false;
      removeEventListener('beforeunload', ask);
      setPending(null);
    };
  }, [dirty]);
  if (waiting === null) return null;
  return {
    leave() {
      guarded = false;
      setPending(null);
      waiting.go();
    },
    stay: () => setPending(null),
  };
}

/** Lets the next navigation through, such as the one after saving. */
export function leaveFreely(): void {
  guarded = false;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
