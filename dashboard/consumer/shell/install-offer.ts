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

/** The offer, or null where there is none: another browser, or the app is installed. */
export function installOffer(): InstallOffer | null {
  return offer;
}

/** Hears when it comes and goes. Returns what ends it. */
export function onInstallOffer(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
