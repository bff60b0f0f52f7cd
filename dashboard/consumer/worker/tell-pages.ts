import type { WorkerMessage } from './messages.ts';
import { worker } from './scope.ts';

/** Tells all open pages of the app. */
export async function tellPages(message: WorkerMessage): Promise<void> {
  for (const page of await worker.clients.matchAll({ type: 'window', includeUncontrolled: true }))
    page.postMessage(message);
}
