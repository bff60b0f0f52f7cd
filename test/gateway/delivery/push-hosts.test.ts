import { expect, test } from 'vitest';
import { isAllowedPushEndpoint } from '../../../gateway/delivery/push-hosts.ts';

const EXTRA = ['http://127.0.0.1:8090', 'https://push.example:8443'];

test.each([
  'https://fcm.googleapis.com/fcm/send/abc:def',
  'https://updates.push.services.mozilla.com/wpush/v2/gAAAA',
  'https://web.push.apple.com/QABC',
  'https://wns2-par02p.notify.windows.com/w/?token=BQYAA',
  'http://127.0.0.1:8090/wpush/v2/x',
  'https://push.example:8443/x',
])('%s may be sent to', (endpoint) => {
  expect(isAllowedPushEndpoint(endpoint, EXTRA)).toBe(true);
});

test.each([
  ['http', 'http://fcm.googleapis.com/fcm/send/abc'],
  ['another port', 'https://fcm.googleapis.com:8443/x'],
  ['a host that only ends alike', 'https://evilpush.apple.com.example/x'],
  ['a host that only ends alike, without the dot', 'https://notpush.services.mozilla.com.evil.example/'],
  ['a host with a name glued before', 'https://evil-fcm.googleapis.com/x'],
  ['the bare suffix', 'https://push.apple.com/x'],
  ['a host below one that stands alone', 'https://a.fcm.googleapis.com/x'],
  ['a user name', 'https://fcm.googleapis.com@127.0.0.1/x'],
  ['a user name before an allowed host', 'https://me:pw@fcm.googleapis.com/x'],
  ['a private address', 'https://10.0.0.1/x'],
  ['the metadata service', 'http://169.254.169.254/latest/meta-data'],
  ['IPv6 loopback', 'https://[::1]/x'],
  ['localhost', 'https://localhost/x'],
  ['an extra host on another port', 'http://127.0.0.1:8091/x'],
  ['an extra host by another scheme', 'https://127.0.0.1:8090/x'],
  ['no URL', 'fcm.googleapis.com/x'],
  ['another scheme', 'ftp://fcm.googleapis.com/x'],
  ['a file', 'file:///etc/passwd'],
  ['3,000 characters', `https://fcm.googleapis.com/${'x'.repeat(3_000)}`],
])('an endpoint with %s may not', (_, endpoint) => {
  expect(isAllowedPushEndpoint(endpoint, EXTRA)).toBe(false);
});
