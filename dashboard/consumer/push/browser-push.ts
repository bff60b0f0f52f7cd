import { recall, remember } from '../worker/store.ts';
import { forgetSubscription, hasKey, subscribe, tellSubscription } from './subscription.ts';

/** Whether this browser can receive offers, and does. */
export type PushStatus =
  | { readonly kind: 'unsupported' }
  /** Only apps on the Home Screen may notify, and this is a page in the browser. */
  | { readonly kind: 'home-screen' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'off' }
  | { readonly kind: 'on' };

/** Whom offers are for, and the key that their push service is told to let send. */
interface Subscriber {
  readonly id: string;
  readonly vapidPublicKey: string;
}

const WORKER = { url: '/sw.js', scope: '/me' } as const;

/** The worker's registration, made where there is none. Throws where the browser refuses, as in some private windows. */
async function workerRegistration(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(WORKER.url, { scope: WORKER.scope, updateViaCache: 'none' });
}

function isSupported(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
}

/** An iPad says that it is a Mac, but no Mac has a touch screen. */
function isHandheldApple(): boolean {
  const { userAgent, maxTouchPoints } = navigator;
  return /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
}

/** What can be said without waiting, right in nearly all cases: so the page need not move when the answer is there. */
export function guessStatus(): PushStatus {
  if (!isSupported()) return { kind: isHandheldApple() ? 'home-screen' : 'unsupported' };
  if (Notification.permission === 'denied') return { kind: 'denied' };
  return { kind: Notification.permission === 'granted' ? 'on' : 'off' };
}

/** Looks whether this browser receives offers; registers the worker on the way. */
export async function lookAtStatus(): Promise<PushStatus> {
  const guess = guessStatus();
  if (guess.kind === 'unsupported' || guess.kind === 'home-screen') return guess;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await workerRegistration();
  } catch (error) {
    // A private window that has no workers as good as lacks them; offline the registration stands as it is.
    if (error instanceof DOMException && error.name === 'SecurityError') return { kind: 'unsupported' };
    const existing = await navigator.serviceWorker.getRegistration(WORKER.scope);
    if (existing === undefined) return { kind: 'unsupported' };
    registration = existing;
  }
  if (guess.kind !== 'on') return guess;
  return { kind: (await registration.pushManager.getSubscription()) === null ? 'off' : 'on' };
}

/** Asks the person through the browser, subscribes, and tells the gateway. Gives what the person answered. */
export async function turnOn({ id, vapidPublicKey }: Subscriber): Promise<NotificationPermission> {
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') return permission;
  await workerRegistration();
  // subscribe() fails while the worker is still being installed.
  const { pushManager } = await navigator.serviceWorker.ready;
  // One made with another key is in the way of one with ours.
  const existing = await pushManager.getSubscription();
  if (existing !== null && !hasKey(existing, vapidPublicKey)) await existing.unsubscribe();
  await subscribe(pushManager, vapidPublicKey);
  await remember('pushFor', id);
  // A stop of earlier that the gateway has not heard of is overtaken by this.
  await remember('stopping', null);
  return permission;
}

/** Ends the subscription in this browser; with `tell` also at the gateway. */
export async function turnOff(tell: boolean): Promise<void> {
  if (!isSupported()) return;
  await remember('pushFor', null);
  const registration = await navigator.serviceWorker.getRegistration(WORKER.scope);
  const subscription = await registration?.pushManager.getSubscription();
  if (subscription === null || subscription === undefined) return;
  if (tell) await forgetSubscription(subscription.endpoint);
  await subscription.unsubscribe();
}

/**
 * Brings browser and gateway to one state, as each load of the app does: a subscription that the gateway may have lost is told
 * again; one made with a key that the gateway has replaced, or that the browser has lost, is made anew; and one ends that the
 * person has stopped from another browser, or that somebody made who was signed in here before.
 *
 * @param isStopped nothing is agreed to, and the gateway knows no browser of this person
 */
export async function bringUpToDate({ id, vapidPublicKey }: Subscriber, isStopped: boolean): Promise<void> {
  if (!isSupported() || Notification.permission !== 'granted') return;
  await workerRegistration();
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager.getSubscription();
  const pushFor = await recall('pushFor');
  if (subscription === null) {
    if (!isStopped && pushFor === id) await subscribe(pushManager, vapidPublicKey);
  } else if (isStopped || (typeof pushFor === 'string' && pushFor !== id)) {
    await remember('pushFor', null);
    await subscription.unsubscribe();
  } else if (hasKey(subscription, vapidPublicKey)) {
    await tellSubscription(subscription, vapidPublicKey);
  } else {
    await subscription.unsubscribe();
    await subscribe(pushManager, vapidPublicKey);
    await forgetSubscription(subscription.endpoint);
  }
}
