import { worker } from './scope.ts';
import { isOfferData, type OfferData } from './show.ts';
import { recall, remember } from './store.ts';
import { tellPages } from './tell-pages.ts';
import { notificationWords } from './words.ts';

const TAG = 'stopped';

/**
 * "Stop everything" on a notification: one press, no question, and no need to be signed in, for the offer's token says whose offers they
 * are. What this browser can do itself is done at once; where the gateway is out of reach it is told as soon as it can be.
 */
export async function stopEverything({ token }: OfferData): Promise<void> {
  if (token === null) return;
  await remember('stopping', token);
  await remember('pushFor', null);
  for (const one of await worker.registration.getNotifications()) if (isOfferData(one.data)) one.close();
  const subscription = await worker.registration.pushManager.getSubscription();
  const [isTold] = await Promise.all([tellStop(), subscription?.unsubscribe()]);
  if (!isTold) await sayStopped('stopping');
  await tellPages({ kind: 'stopped' });
}

/** Tells the gateway of a stop that it does not know of yet. Gives false where one still has to be told. */
export async function tellStop(): Promise<boolean> {
  const token = await recall('stopping');
  if (typeof token !== 'string') return true;
  if (!(await post(token))) return false;
  await remember('stopping', null);
  await sayStopped('stopped');
  await tellPages({ kind: 'stopped' });
  return true;
}

async function sayStopped(how: 'stopped' | 'stopping'): Promise<void> {
  const words = await notificationWords();
  await worker.registration.showNotification(words[`${how}Title`], {
    body: words[`${how}Text`],
    tag: TAG,
    icon: '/icons/icon-192.png',
    badge: '/icons/badge-96.png',
  });
}

/** Whether the gateway has done it, or knows no such person any more; false means: try again later. */
async function post(token: string): Promise<boolean> {
  try {
    const { status } = await fetch(`/api/v1/stop/${encodeURIComponent(token)}`, {
      method: 'POST',
      credentials: 'omit',
    });
    return status < 500 && status !== 429;
  } catch (error) {
    // fetch throws TypeError for "no network" and for nothing else that could be mended here.
    if (error instanceof TypeError) return false;
    throw error;
  }
}
