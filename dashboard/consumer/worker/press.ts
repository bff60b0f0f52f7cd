import { webAddress } from './push-message.ts';
import { worker } from './scope.ts';
import { countOnIcon, type OfferData, tell } from './show.ts';

/** A press on an offer: its page opens, where its link, its code and the reason for it are. */
export async function openOffer(data: OfferData): Promise<void> {
  const address = data.token === null ? webAddress(data.url) : `/me/offers/${encodeURIComponent(data.id)}`;
  await Promise.all([openPage(address ?? '/me'), tell(data, 'clicked'), countOnIcon()]);
}

/** Opens a page, in the window of the app where there is one. */
export async function openPage(address: string): Promise<void> {
  const url = new URL(address, worker.location.origin);
  if (url.origin === worker.location.origin) {
    const pages = await worker.clients.matchAll({ type: 'window' });
    const page = pages.find((one) => /^\/me(\/|$)/.test(new URL(one.url).pathname));
    if (page !== undefined) {
      await page.focus();
      if (page.url !== url.href) await page.navigate(url.href);
      return;
    }
  }
  await worker.clients.openWindow(url.href);
}
