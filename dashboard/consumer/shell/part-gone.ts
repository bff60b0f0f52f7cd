const RELOADED_AT = 'wayside-reloaded';
const ONCE_IN_MS = 60_000;

/**
 * A page that is open while the gateway gets a new version asks for parts of the old one, which are gone: it is loaded anew, once,
 * for a second time would not help.
 */
export function reloadWhereAPartIsGone(): void {
  addEventListener('vite:preloadError', (event) => {
    const last = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
    if (!navigator.onLine || Date.now() - last < ONCE_IN_MS) return;
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    event.preventDefault();
    location.reload();
  });
}
