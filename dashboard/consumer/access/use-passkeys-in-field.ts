import { useEffect, useRef } from 'react';
import { ApiProblem } from '../../api/request.ts';
import { offersInFields, signInWithPasskey, stopWaiting } from './passkeys.ts';

/** A challenge of the gateway is good for five minutes: before that is over, another one is asked for. */
const ASK_AGAIN_MS = 4 * 60_000;

interface Listener {
  readonly onEntered: () => unknown;
  /** The gateway did not take the passkey that was picked. */
  readonly onRefused: (problem: ApiProblem) => void;
}

/**
 * Has the browser offer the person's passkeys in the field for the e-mail address, where it can (conditional mediation). What the
 * browser says against it is no news to somebody who has not asked for anything.
 */
export function usePasskeysInField(wanted: boolean, listener: Listener): void {
  const hears = useRef(listener);
  hears.current = listener;
  useEffect(() => {
    if (!wanted) return undefined;
    let isOver = false;
    const offer = async () => {
      try {
        if (isOver || !(await offersInFields()) || isOver) return;
        await signInWithPasskey(true);
        if (!isOver) hears.current.onEntered();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (error instanceof ApiProblem && !isOver) hears.current.onRefused(error);
      }
    };
    void offer();
    // Another beginning ends the one before.
    const timer = setInterval(() => void offer(), ASK_AGAIN_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
      void stopWaiting();
    };
  }, [wanted]);
}
