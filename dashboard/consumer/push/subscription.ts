import type { Me } from '../../api/me-shapes.ts';
import { keyBytes, subscribeWithin, subscriptionBody } from '../../api/push-subscription.ts';
import { ApiProblem, request } from '../../api/request.ts';

/**
 * Subscribes this browser to push with the gateway's key and tells the gateway. Returns the subscription. Throws a DOMException where
 * the browser can't, of the name `TimeoutError` where its push service does not answer.
 */
export async function subscribe(pushManager: PushManager, vapidPublicKey: string): Promise<PushSubscription> {
  const subscription = await subscribeWithin(pushManager, vapidPublicKey);
  await tellSubscription(subscription, vapidPublicKey);
  return subscription;
}

/** Whether an error says that the browser's push service could not be had: `AbortError` by the Push API, 3.3. */
export function isWithoutService(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

/**
 * Tells the gateway of a subscription; telling the same one twice is harmless.
 *
 * @param vapidKey the key that it was made with, for the gateway may have another by the time it hears of it
 */
export async function tellSubscription(subscription: PushSubscription, vapidKey: string): Promise<void> {
  await request('POST', '/api/v1/me/push-subscriptions', { ...subscriptionBody(subscription), vapidKey });
}

/** Tells the gateway that a subscription is no more. */
export async function forgetSubscription(endpoint: string): Promise<void> {
  try {
    await request('DELETE', '/api/v1/me/push-subscriptions', { endpoint });
  } catch (error) {
    // The gateway did not know it any more: what was wanted is so.
    if (!(error instanceof ApiProblem && error.status === 404)) throw error;
  }
}

/** The browser replaced or dropped its subscription: brings the gateway up to date. */
export async function subscribeAgain(
  pushManager: PushManager,
  old: PushSubscription | null,
  next: PushSubscription | null,
): Promise<void> {
  const { vapidPublicKey } = await request<Me>('GET', '/api/v1/me');
  if (next !== null && hasKey(next, vapidPublicKey)) await tellSubscription(next, vapidPublicKey);
  else {
    // The browser made its own with the old key, or none.
    await next?.unsubscribe();
    await subscribe(pushManager, vapidPublicKey);
  }
  if (old !== null) await forgetSubscription(old.endpoint);
}

/** Whether a subscription was made with this key. */
export function hasKey({ options }: PushSubscription, vapidPublicKey: string): boolean {
  if (!options.applicationServerKey) return false;
  const [theirs, ours] = [new Uint8Array(options.applicationServerKey), keyBytes(vapidPublicKey)];
  return theirs.length === ours.length && theirs.every((byte, index) => byte === ours[index]);
}
