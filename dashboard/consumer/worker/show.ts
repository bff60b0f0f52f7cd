import { readPushMessage } from './push-message.ts';
import { tellReceipt } from './receipts.ts';
import { worker } from './scope.ts';
import { claimShowing, recall, releaseShowing } from './store.ts';
import { tellPages } from './tell-pages.ts';
import { notificationWords } from './words.ts';

/** What a notification of an offer carries, for the moment it is pressed or put away. */
export interface OfferData {
  readonly id: string;
  readonly url: string | null;
  /** Proof for receipts; null in a trial, which nobody counts and which has no page. */
  readonly token: string | null;
}

/** The fields of NotificationOptions that TypeScript does not know. */
interface Options extends NotificationOptions {
  readonly image?: string;
  readonly actions?: readonly { readonly action: string; readonly title: string }[];
}

/** What is done on a notification, apart from a press on the whole. */
export const ACTIONS = { open: 'open', stop: 'stop' } as const;

/**
 * Shows the offer once. Browsers ask that every push shows something (`userVisibleOnly`); an offer out of date and one
 * shown before are passed over all the same, for they are rare (the push carries a TTL and a Topic) and browsers bear with
 * a few silent ones, while a stale or a second showing would break what the person agreed to.
 */
export async function showOffer(payload: unknown): Promise<void> {
  const message = readPushMessage(payload);
  const now = Date.now();
  if (message === null || message.expiresAt <= now) return;
  // Stopped while offline: what was on its way then is not wanted any more.
  if (typeof (await recall('stopping')) === 'string') return;
  // Claimed before it is shown: a crash between the two costs this showing, never brings a second one.
  if (!(await claimShowing(message.id, message.expiresAt, now))) return;
  const words = await notificationWords();
  const data: OfferData = { id: message.id, url: message.url, token: message.token };
  const open = { action: ACTIONS.open, title: words.open };
  const stop = { action: ACTIONS.stop, title: words.stop };
  const options: Options = {
    body: message.body,
    tag: message.id,
    icon: '/icons/icon-192.png',
    badge: '/icons/badge-96.png',
    data,
    actions: message.token === null ? [open] : [open, stop],
    ...(message.image === null ? {} : { image: message.image }),
  };
  try {
    await worker.registration.showNotification(message.title, options);
  } catch (error) {
    await releaseShowing(message.id);
    throw error;
  }
  await Promise.all([tell(data, 'shown'), tellPages({ kind: 'offer' }), countOnIcon()]);
}

/** Tells what became of an offer. */
export async function tell({ token }: OfferData, kind: 'shown' | 'clicked' | 'dismissed'): Promise<void> {
  if (token !== null) await tellReceipt({ token, kind, at: Date.now() });
}

/** Has the app's icon, where the browser can, count the offers that lie there to be looked at. */
export async function countOnIcon(): Promise<void> {
  if (!('setAppBadge' in navigator)) return;
  const open = await worker.registration.getNotifications();
  await navigator.setAppBadge(open.filter((one) => isOfferData(one.data)).length);
}

/** Whether it is an offer's notification, and not one that tells of stopping. */
export function isOfferData(data: unknown): data is OfferData {
  return typeof data === 'object' && data !== null && 'id' in data && 'token' in data;
}
