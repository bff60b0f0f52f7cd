import { subscribeAgain } from '../push/subscription.ts';
import { readPushMessage, webAddress } from './push-message.ts';
import { tellKeptReceipts, tellReceipt } from './receipts.ts';
import { claimShowing, releaseShowing } from './store.ts';

declare const self: ServiceWorkerGlobalScope;

/** What a notification carries, for the moment it is pressed. */
interface NotificationData {
  readonly url: string | null;
  readonly token: string | null;
}

self.addEventListener('install', () => {
  // A new version takes over at once: it has no page's state to keep.
  void self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), tellKeptReceipts()]));
});

self.addEventListener('push', (event) => {
  // A browser that knows declarative push messages has read the payload itself, and hands over what it would show.
  const { notification } = event as PushEvent & { readonly notification?: Notification };
  event.waitUntil(onPush(event.data === null ? { notification } : event.data.json()));
});

/**
 * Shows the offer once. Browsers ask that every push shows something (`userVisibleOnly`); an offer out of date and one
 * shown before are passed over all the same, for they are rare (the push carries a TTL and a Topic) and browsers bear with
 * a few silent ones, while a stale or a second showing would break what the person agreed to.
 */
async function onPush(payload: unknown): Promise<void> {
  const message = readPushMessage(payload);
  const now = Date.now();
  if (message === null || message.expiresAt <= now) return;
  // Claimed before it is shown: a crash between the two costs this showing, never brings a second one.
  if (!(await claimShowing(message.id, message.expiresAt, now))) return;
  const notificationData: NotificationData = { url: message.url, token: message.token };
  const options: NotificationOptions & { image?: string } = {
    body: message.body,
    tag: message.id,
    icon: '/icons/icon-192.png',
    badge: '/icons/badge-96.png',
    data: notificationData,
    ...(message.image === null ? {} : { image: message.image }),
  };
  try {
    await self.registration.showNotification(message.title, options);
  } catch (error) {
    await releaseShowing(message.id);
    throw error;
  }
  await tell(message.token, 'shown');
  for (const client of await self.clients.matchAll({ type: 'window', includeUncontrolled: true }))
    client.postMessage({ kind: 'offer' });
}

self.addEventListener('notificationclick', (event) => {
  const { url, token } = event.notification.data as NotificationData;
  event.notification.close();
  event.waitUntil(Promise.all([openPage(webAddress(url)), tell(token, 'clicked')]));
});

self.addEventListener('notificationclose', (event) => {
  const { token } = event.notification.data as NotificationData;
  event.waitUntil(tell(token, 'dismissed'));
});

/** Trials have no token, and nobody counts them. */
async function tell(token: string | null, kind: 'shown' | 'clicked' | 'dismissed'): Promise<void> {
  if (token !== null) await tellReceipt({ token, kind, at: Date.now() });
}

/** The offer's own page, or the list of offers: an open one is brought to the front. */
async function openPage(url: string | null): Promise<void> {
  if (url !== null) {
    await self.clients.openWindow(url);
    return;
  }
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const open = pages.find((page) => new URL(page.url).pathname === '/me');
  if (open === undefined) await self.clients.openWindow('/me');
  else await open.focus();
}

self.addEventListener('pushsubscriptionchange', (event) => {
  const { oldSubscription = null, newSubscription = null } = event as PushSubscriptionChangeEvent;
  (event as ExtendableEvent).waitUntil(
    subscribeAgain(self.registration.pushManager, oldSubscription, newSubscription),
  );
});

self.addEventListener('message', (event) => {
  // The page says so when it opens or comes online again.
  if ((event.data as { kind?: unknown })?.kind === 'tell-receipts') event.waitUntil(tellKeptReceipts());
});
