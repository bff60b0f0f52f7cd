import { useCallback, useEffect, useState } from 'react';
import { forgetSubscription, keyBytes, subscribe } from './resubscribe.ts';

/** Whether this browser can receive offers, and does. */
export type PushStatus =
  | { readonly kind: 'looking' }
  | { readonly kind: 'unsupported'; readonly needsHomeScreen: boolean }
  | { readonly kind: 'denied' }
  | { readonly kind: 'off' }
  | { readonly kind: 'on' };

const WORKER = { url: '/sw.js', scope: '/me' } as const;

/** The worker's registration, made where there is none. Throws where the browser refuses, as in some private windows. */
export async function workerRegistration(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(WORKER.url, { scope: WORKER.scope, updateViaCache: 'none' });
}

function supported(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
}

async function look(): Promise<PushStatus> {
  if (!supported()) return { kind: 'unsupported', needsHomeScreen: /iPhone|iPad/.test(navigator.userAgent) };
  const registration = await workerRegistration();
  if (Notification.permission === 'denied') return { kind: 'denied' };
  const subscription = await registration.pushManager.getSubscription();
  return { kind: subscription !== null && Notification.permission === 'granted' ? 'on' : 'off' };
}

/** The status, and the two ways to change it. Errors of `turnOn` and `turnOff` are the caller's to show. */
export function usePushStatus() {
  const [status, setStatus] = useState<PushStatus>({ kind: 'looking' });
  const refresh = useCallback(async () => setStatus(await look()), []);
  useEffect(() => {
    // Where the worker can't be registered the browser as good as lacks it.
    refresh().catch(() => setStatus({ kind: 'unsupported', needsHomeScreen: false }));
  }, [refresh]);

  const turnOn = useCallback(
    async (vapidPublicKey: string) => {
      const permission = await Notification.requestPermission();
      if (permission === 'granted') {
        await workerRegistration();
        // subscribe() fails while the worker is still being installed.
        const { pushManager } = await navigator.serviceWorker.ready;
        await dropForeign(pushManager, vapidPublicKey);
        await subscribe(pushManager, vapidPublicKey);
      }
      await refresh();
    },
    [refresh],
  );

  /** Ends the subscription in this browser; with `tell` also at the gateway. */
  const turnOff = useCallback(
    async (tell: boolean) => {
      if (supported()) {
        const registration = await workerRegistration();
        const subscription = await registration.pushManager.getSubscription();
        if (subscription !== null) {
          if (tell) await forgetSubscription(subscription.endpoint);
          await subscription.unsubscribe();
        }
      }
      await refresh();
    },
    [refresh],
  );

  return { status, turnOn, turnOff };
}

/** A subscription made with another key, of a gateway that was set up anew, is in the way of one with ours. */
async function dropForeign(pushManager: PushManager, vapidPublicKey: string): Promise<void> {
  const existing = await pushManager.getSubscription();
  const key = existing?.options.applicationServerKey;
  if (existing === null || !key) return;
  const [theirs, ours] = [new Uint8Array(key), keyBytes(vapidPublicKey)];
  if (theirs.length !== ours.length || theirs.some((byte, index) => byte !== ours[index]))
    await existing.unsubscribe();
}
