import { keepReceipt, type PendingReceipt, takeReceipts } from './store.ts';

/** Tells the gateway what happened to an offer. What cannot be told now is kept, and told with the next receipt. */
export async function tellReceipt(receipt: PendingReceipt): Promise<void> {
  if (await post(receipt)) await tellKeptReceipts();
  else await keepReceipt(receipt);
}

/** Tells what was kept while the gateway was out of reach; stops at the first that fails and keeps the rest. */
export async function tellKeptReceipts(): Promise<void> {
  const kept = await takeReceipts();
  for (const [index, receipt] of kept.entries()) {
    if (await post(receipt)) continue;
    for (const rest of kept.slice(index)) await keepReceipt(rest);
    return;
  }
}

/** Whether the gateway has it now, or refused it for good; false means: try again later. */
async function post(receipt: PendingReceipt): Promise<boolean> {
  try {
    const { status } = await fetch('/api/v1/receipts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(receipt),
      // The token is the proof; who is signed in does not matter.
      credentials: 'omit',
    });
    return status < 500 && status !== 429;
  } catch (error) {
    // fetch throws TypeError for "no network" and for nothing else that could be mended here.
    if (error instanceof TypeError) return false;
    throw error;
  }
}
