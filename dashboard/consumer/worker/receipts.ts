import { dropReceipt, keepReceipt, oldestReceipt, type PendingReceipt } from './store.ts';

/** Tells the gateway what happened to an offer. What cannot be told now is kept, and told with the next receipt. */
export async function tellReceipt(receipt: PendingReceipt): Promise<void> {
  if (await post(receipt)) await tellKeptReceipts();
  else await keepReceipt(receipt);
}

/**
 * Tells what was kept while the gateway was out of reach, oldest first, until one fails. Each is let go only once it was told: a worker
 * may be ended at any moment, and a receipt that is told twice counts once.
 */
export async function tellKeptReceipts(): Promise<void> {
  for (let kept = await oldestReceipt(); kept !== null; kept = await oldestReceipt()) {
    if (!(await post(kept.receipt))) return;
    await dropReceipt(kept.key);
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
