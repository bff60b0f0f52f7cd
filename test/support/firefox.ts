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
  /**
   * Puts away the notification that Firefox shows now, with the button in its corner.
   * @returns false while none is shown
   */
  closeNotification(): Promise<boolean>;
  /**
   * Presses one of the notification's own buttons. The notifications that Firefox draws itself have none, so this tells Firefox what a
   * desktop tells it that draws them.
   * @returns false while no notification is shown
   */
  pressAction(action: string): Promise<boolean>;
  /** Begins to note the title of each notification as it is shown, also of one that takes the place of another. */
  noteNotifications(): Promise<void>;
  /** The titles noted, in the order of their showing. */
  notedNotifications(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** The windows of Firefox itself, notifications among them. */
const CHROME_SCOPE = { 'moz:scope': 'chrome' };
const BROWSER_URL = 'chrome://browser/content/browser.xhtml';
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
  /** Runs a script in one of Firefox's own windows; undefined where there is none, else its value or null. */
  const inWindow = async (url: string, expression: string): Promise<unknown> => {
    const { result } = await connection.send('browsingContext.getTree', CHROME_SCOPE);
    const windows = result.contexts as readonly { readonly context: string; readonly url: string }[];
    const found = windows.find((one) => one.url.startsWith(url));
    if (found === undefined) return undefined;
    const { result: answer } = await connection.send('script.evaluate', {
      expression,
      target: { context: found.context },
      awaitPromise: false,
    });
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer));
    return (answer.result as { readonly value?: unknown }).value ?? null;
  };
  const inNotification = async (expression: string) => (await inWindow(ALERT_URL, expression)) !== undefined;
  return {
    browser,
    pressNotification: () => inNotification("document.getElementById('alertBox').click()"),
    closeNotification: () => inNotification("document.getElementById('alert-close').doCommand()"),
    pressAction: (action) =>
      inNotification(`gAlertListener.observe(
        { QueryInterface: ChromeUtils.generateQI(['nsIAlertAction']), action: ${JSON.stringify(action)} },
        'alertclickcallback',
        gAlertCookie,
      ); window.close();`),
    async noteNotifications() {
      const done = await inWindow(
        BROWSER_URL,
        `window.notedTitles = [];
        Services.ww.registerNotification((opened, topic) => {
          if (topic !== 'domwindowopened') return;
          opened.addEventListener('load', () => {
            if (opened.document.documentURI.startsWith(${JSON.stringify(ALERT_URL)}))
              window.notedTitles.push(opened.arguments[1]);
          }, { once: true });
        });`,
      );
      if (done === undefined) throw new Error('Firefox has no window');
    },
    notedNotifications: async () =>
      JSON.parse(String(await inWindow(BROWSER_URL, 'JSON.stringify(window.notedTitles)'))) as string[],
    stop: () => browser.close(),
  };
}
