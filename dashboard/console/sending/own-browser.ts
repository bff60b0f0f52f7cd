import type { TrialOutcome } from '../../../gateway/delivery/trial-push.ts';
import { subscribeWithin, subscriptionBody } from '../../api/push-subscription.ts';
import { request } from '../../api/request.ts';

/**
 * The worker of the consumer app, under an address of its own: a trial neither makes this browser a consumer's nor takes a
 * subscription from the one that it may be.
 */
const WORKER = { url: '/sw.js', scope: '/trial/' } as const;

export interface TrialOffer {
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly image?: string;
}

/** Why nothing was sent; to be read by people. */
export class CannotTry extends Error {}

/**
 * Sends an offer to this browser, as the gateway sends offers to people. The browser asks for its permission here, so only after
 * a press of a button.
 *
 * @throws CannotTry; ApiProblem; a DOMException where the browser could not subscribe
 */
export async function sendToThisBrowser(offer: TrialOffer): Promise<TrialOutcome> {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window))
    throw new CannotTry('This browser cannot receive notifications here');
  const permission = await Notification.requestPermission();
  if (permission === 'denied')
    throw new CannotTry('Notifications are blocked for this site, which its settings in the browser change');
  if (permission !== 'granted') throw new CannotTry('Without your permission nothing was sent');
  const subscription = await subscriptionForTrials();
  const result = await request<TrialOutcome>('POST', '/api/v1/trial-pushes', {
    subscription: subscriptionBody(subscription),
    offer,
  });
  // The next trial makes a new one.
  if (result.outcome === 'gone') await subscription.unsubscribe();
  return result;
}

async function subscriptionForTrials(): Promise<PushSubscription> {
  const registration = await navigator.serviceWorker.register(WORKER.url, {
    scope: WORKER.scope,
    updateViaCache: 'none',
  });
  await activated(registration);
  const { publicKey } = await request<{ publicKey: string }>('GET', '/api/v1/push-key');
  // One that was made with an earlier key would be taken from no other.
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  return subscribeWithin(registration.pushManager, publicKey);
}

/** A browser subscribes a worker only once that is active. */
function activated({ installing, waiting, active }: ServiceWorkerRegistration): Promise<void> {
  const worker = installing ?? waiting;
  if (active !== null || worker === null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve();
      else if (worker.state === 'redundant')
        reject(new CannotTry('The worker of this page could not be started'));
    });
  });
}
