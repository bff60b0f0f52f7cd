/** Where its push service is out of reach, as behind some firewalls, a browser tries for ever. */
const PATIENCE_MS = 20_000;

/** The parts of the browser's PushManager and PushSubscription that are used. */
interface Subscribes<Subscription> {
  subscribe(options: {
    readonly userVisibleOnly: boolean;
    readonly applicationServerKey: Uint8Array<ArrayBuffer>;
  }): Promise<Subscription>;
}
interface Subscribed {
  toJSON(): { readonly endpoint?: string; readonly keys?: Readonly<Record<string, string>> };
}

/**
 * Subscribes this browser to push with the gateway's key. Throws a DOMException where the browser can't, of the name `TimeoutError` where
 * its push service does not answer.
 */
export function subscribeWithin<Subscription>(
  pushManager: Subscribes<Subscription>,
  vapidPublicKey: string,
): Promise<Subscription> {
  return Promise.race([
    pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(vapidPublicKey) }),
    silence(),
  ]);
}

function silence(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(
      () => reject(new DOMException('the push service does not answer', 'TimeoutError')),
      PATIENCE_MS,
    );
  });
}

/** A subscription as the API is told of it. */
export function subscriptionBody(subscription: Subscribed) {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } };
}

/** An application server key as bytes: Firefox takes text too, but not every browser. */
export function keyBytes(base64url: string): Uint8Array<ArrayBuffer> {
  const base64 = base64url.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
