import { useEffect, useRef } from 'react';
import { accessTrouble } from './access-trouble.ts';
import { offersInFields, signInWithPasskey, stopWaiting } from './passkeys.ts';

/** A challenge of the gateway is good for five minutes: before that is over, another one is asked for. */
const ASK_AGAIN_MS = 4 * 60_000;

/**
 * Has the browser offer the person's passkeys in the field for the e-mail address, where it can (conditional mediation). What fails
 * here is silent: nobody has asked for anything yet, and the button beside it tells.
 */
export function usePasskeysInField(wanted: boolean, onEntered: () => unknown): void {
  const entered = useRef(onEntered);
  entered.current = onEntered;
  useEffect(() => {
    if (!wanted) return undefined;
    let isOver = false;
    const offer = async () => {
      try {
        if (isOver || !(await offersInFields()) || isOver) return;
        await signInWithPasskey(true);
        if (!isOver) entered.current();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        // Wrong or closed: the person sees the form, and may try again by the button.
        if (accessTrouble(error) === 'notKnown' && !isOver) void offer();
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
