/**
 * Ends this browser's own push subscription and takes the app's worker, caches and databases away: after an erasure nothing of the
 * person is to be left here either.
 */
export async function forgetThisBrowser(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration('/me');
  const subscription = await registration?.pushManager?.getSubscription();
  await subscription?.unsubscribe();
  await registration?.unregister();
  if ('caches' in globalThis) {
    for (const name of await caches.keys()) await caches.delete(name);
  }
  // Older Firefox lists none; what is left there are ids of offers that were shown.
  const databases = (await indexedDB.databases?.()) ?? [];
  for (const { name } of databases) if (name !== undefined) indexedDB.deleteDatabase(name);
}
