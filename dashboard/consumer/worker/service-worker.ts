import { subscribeAgain } from '../push/subscription.ts';
import { answer, dropOldShells, keepShell } from './app-shell.ts';
import type { PageMessage } from './messages.ts';
import { openOffer, openPage } from './press.ts';
import { tellKeptReceipts } from './receipts.ts';
import { worker } from './scope.ts';
import { ACTIONS, countOnIcon, isOfferData, showOffer, tell } from './show.ts';
import { stopEverything, tellStop } from './stop.ts';

worker.addEventListener('install', (event) => {
  // A new version takes over at once: it has no page's state to keep.
  event.waitUntil(keepShell().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([worker.clients.claim(), dropOldShells(), tellWhatWasKept()]));
});

worker.addEventListener('fetch', (event) => {
  const answered = answer(event.request);
  if (answered !== null) event.respondWith(answered);
});

worker.addEventListener('push', (event) => {
  // A browser that knows declarative push messages has read the payload itself, and hands over what it would show.
  const { notification } = event as PushEvent & { readonly notification?: Notification };
  event.waitUntil(showOffer(event.data === null ? { notification } : jsonOf(event.data)));
});

worker.addEventListener('notificationclick', (event) => {
  const { notification, action } = event;
  const data: unknown = notification.data;
  notification.close();
  if (!isOfferData(data)) event.waitUntil(openPage('/me/settings'));
  else if (action === ACTIONS.stop)
    event.waitUntil(Promise.all([stopEverything(data), tell(data, 'dismissed')]));
  else event.waitUntil(openOffer(data));
});

worker.addEventListener('notificationclose', (event) => {
  const data: unknown = event.notification.data;
  if (isOfferData(data)) event.waitUntil(Promise.all([tell(data, 'dismissed'), countOnIcon()]));
});

worker.addEventListener('pushsubscriptionchange', (event) => {
  const { oldSubscription = null, newSubscription = null } = event as PushSubscriptionChangeEvent;
  (event as ExtendableEvent).waitUntil(
    subscribeAgain(worker.registration.pushManager, oldSubscription, newSubscription),
  );
});

worker.addEventListener('message', (event) => {
  if ((event.data as PageMessage | null)?.kind === 'tell') event.waitUntil(tellWhatWasKept());
});

async function tellWhatWasKept(): Promise<void> {
  await Promise.all([tellStop(), tellKeptReceipts()]);
}

/** The payload as JSON; null where it is none, and so none of the gateway's. */
function jsonOf(data: PushMessageData): unknown {
  try {
    return data.json();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
