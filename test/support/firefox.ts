import { existsSync } from 'node:fs';
import { type Browser, launch } from 'puppeteer-core';

const PATHS = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];

/** Path of a Firefox on this machine, or null. */
export const firefoxPath: string | null = PATHS.find((path) => existsSync(path)) ?? null;

/** For a test's title: why it is skipped, or nothing. */
export const firefoxSkipped =
  firefoxPath === null ? ' (skipped: no Firefox; npm run services installs it)' : '';

export interface Firefox {
  readonly browser: Browser;
  /**
   * Presses the notification that Firefox shows now, as a person would.
   * @returns false while none is shown
   */
  pressNotification(): Promise<boolean>;
  stop(): Promise<void>;
}

/** The windows of Firefox itself, notifications among them. */
const CHROME_SCOPE = { 'moz:scope': 'chrome' };
const ALERT_URL = 'chrome://global/content/alerts/alert.xhtml';

interface BidiConnection {
  send(method: string, parameters: object): Promise<{ readonly result: Record<string, unknown> }>;
}

/**
 * Starts Firefox without a window, with a push service of one's own in place of Mozilla's.
 *
 * @param pushServiceUrl its WebSocket side
 */
export async function startFirefox(pushServiceUrl: string): Promise<Firefox> {
  if (firefoxPath === null) throw new Error('no Firefox on this machine');
  const browser = await launch({
    browser: 'firefox',
    executablePath: firefoxPath,
    // Without it the windows of Firefox itself, and so its notifications, are out of reach.
    args: ['--remote-allow-system-access'],
    extraPrefsFirefox: {
      'dom.push.serverURL': pushServiceUrl,
      'dom.push.testing.allowInsecureServerURL': true,
      'dom.push.connection.enabled': true,
      'dom.push.testing.ignorePermission': true,
      'permissions.default.desktop-notification': 1,
      // Firefox draws notifications itself, for there is no desktop here to do it.
      'alerts.useSystemBackend': false,
    },
  });
  // Puppeteer has no call for a browser's own windows; its BiDi connection does.
  const { connection } = browser as unknown as { readonly connection: BidiConnection };
  return {
    browser,
    async pressNotification() {
      const { result } = await connection.send('browsingContext.getTree', CHROME_SCOPE);
      const windows = result.contexts as readonly { readonly context: string; readonly url: string }[];
      const alert = windows.find(({ url }) => url.startsWith(ALERT_URL));
      if (alert === undefined) return false;
      const answer = await connection.send('script.evaluate', {
        expression: "document.getElementById('alertBox').click()",
        target: { context: alert.context },
        awaitPromise: false,
      });
      if (answer.result.type !== 'success') throw new Error(JSON.stringify(answer.result));
      return true;
    },
    stop: () => browser.close(),
  };
}
