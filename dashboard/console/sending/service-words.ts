const CHANNELS: Readonly<Record<string, string>> = {
  email: 'E-mail',
  inbox: 'Inbox of the app alone',
};

/** Browsers by the hosts of their push services. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)googleapis\.com$/, 'Chrome'],
  [/\.push\.services\.mozilla\.com$/, 'Firefox'],
  [/\.push\.apple\.com$/, 'Safari'],
  [/\.notify\.windows\.com$/, 'Edge'],
];

/** What a service is called: the browser that it belongs to, and its host. */
export function serviceName(origin: string): string {
  const webhook = /^webhook:(.*)$/.exec(origin);
  if (webhook !== null) return `Webhook ${webhook[1]}`;
  if (!URL.canParse(origin)) return CHANNELS[origin] ?? origin;
  const { host, hostname } = new URL(origin);
  const browser = BROWSERS.find(([pattern]) => pattern.test(hostname));
  return browser === undefined ? host : `${browser[1]} (${host})`;
}

/** What an operator can make of a refusal that no repetition mends. */
export function refusalWords(status: number): string {
  switch (status) {
    case 400:
      return 'it calls the message malformed';
    case 401:
      return 'it does not know who signed';
    case 403:
      return 'signed with another key than subscribed with';
    case 413:
      return 'too large for it';
    default:
      return 'refused for good';
  }
}
