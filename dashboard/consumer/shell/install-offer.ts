/** Chromium's offer to install the app, which no standard has and TypeScript does not know. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallOffer | null = null;
const listeners = new Set<() => void>();

function take(next: InstallOffer | null): void {
  offer = next;
  for (const listener of listeners) listener();
}

/** Keeps the browser's offer until the person asks for it; once, at the start, for it comes early and only once. */
export function keepInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    take(event as InstallOffer);
  });
  addEventListener('appinstalled', () => take(null));
}

/** Whether there is an offer; not in every browser, and not where the app is installed. */
export function hasInstallOffer(): boolean {
  return offer !== null;
}

/** Takes it: the browser asks the person. An offer is good for one question; after a no the browser makes another when it likes. */
export async function install(): Promise<void> {
  const taken = offer;
  take(null);
  await taken?.prompt();
}

/** Hears when it comes and goes. Returns what ends it. */
export function onInstallOffer(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
