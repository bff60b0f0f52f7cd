import { useSyncExternalStore } from 'react';
import { KEPT_AS, onClaimDropped, pendingClaim } from './pending-claim.ts';

/** The code of a device that a link brought, for as long as nobody has decided in this tab or another; else null. */
export function usePendingClaim(): string | null {
  return useSyncExternalStore(hear, () => pendingClaim(Date.now()));
}

function hear(listener: () => void): () => void {
  const hearOtherTabs = ({ key }: StorageEvent) => {
    // Without a name where all was taken away.
    if (key === KEPT_AS || key === null) listener();
  };
  const endHere = onClaimDropped(listener);
  addEventListener('storage', hearOtherTabs);
  return () => {
    endHere();
    removeEventListener('storage', hearOtherTabs);
  };
}
