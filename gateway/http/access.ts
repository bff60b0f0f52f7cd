import type { Role } from '../records/schema.ts';

/** Who may use a route: anybody, a signed-in consumer (on themselves), staff of these roles, or these and tills. */
export type Access = 'anybody' | 'consumer' | { readonly tillsAnd: readonly Role[] } | readonly Role[];

const ADMIN: Access = ['admin'];
const STAFF: Access = ['admin', 'marketer', 'analyst', 'device-manager'];
const MARKETING: Access = ['admin', 'marketer'];
const PEOPLE_READERS: Access = ['admin', 'marketer', 'analyst'];
const DEVICE_MANAGERS: Access = ['admin', 'device-manager'];
const TELEMETRY_READERS: Access = ['admin', 'analyst', 'device-manager'];

/** Every route of the API. A route that is not here does not start. */
export const ACCESS: Readonly<Record<string, Access>> = {
  'GET /healthz': 'anybody',
  'GET /readyz': 'anybody',
  'GET /metrics': 'anybody',
  'GET /api/openapi.json': 'anybody',
  'GET /api/v1/schemas/rule.json': 'anybody',

  'POST /api/v1/session': 'anybody',
  'GET /api/v1/session': STAFF,
  'DELETE /api/v1/session': 'anybody',

  'POST /api/v1/users': ADMIN,
  'GET /api/v1/users': ADMIN,
  'DELETE /api/v1/users/:name': ADMIN,

  'POST /api/v1/devices': DEVICE_MANAGERS,
  'GET /api/v1/devices': STAFF,
  'GET /api/v1/devices/:id': STAFF,
  'PATCH /api/v1/devices/:id': DEVICE_MANAGERS,
  'DELETE /api/v1/devices/:id': DEVICE_MANAGERS,
  'POST /api/v1/devices/import': DEVICE_MANAGERS,
  'POST /api/v1/devices/:id/token': DEVICE_MANAGERS,
  'DELETE /api/v1/devices/:id/token': DEVICE_MANAGERS,
  'DELETE /api/v1/devices/:id/old-tokens': DEVICE_MANAGERS,
  'POST /api/v1/devices/:id/claim-code': DEVICE_MANAGERS,
  'POST /api/v1/devices/:id/commands': DEVICE_MANAGERS,
  'GET /api/v1/devices/:id/commands': TELEMETRY_READERS,
  'GET /api/v1/devices/:id/commands/:commandId': TELEMETRY_READERS,
  'GET /api/v1/devices/:id/config': TELEMETRY_READERS,
  'PUT /api/v1/devices/:id/config': DEVICE_MANAGERS,

  'GET /api/v1/devices/:id/aliases': STAFF,
  'POST /api/v1/devices/:id/aliases': DEVICE_MANAGERS,
  'DELETE /api/v1/devices/:id/aliases': DEVICE_MANAGERS,

  'GET /api/v1/device-types': STAFF,
  'GET /api/v1/device-types/:id': STAFF,
  'PUT /api/v1/device-types/:id': DEVICE_MANAGERS,
  'DELETE /api/v1/device-types/:id': DEVICE_MANAGERS,

  'POST /api/v1/service-accounts': ADMIN,
  'GET /api/v1/service-accounts': ADMIN,
  'GET /api/v1/service-accounts/:id': ADMIN,
  'PUT /api/v1/service-accounts/:id': ADMIN,
  'DELETE /api/v1/service-accounts/:id': ADMIN,
  'POST /api/v1/service-accounts/:id/token': ADMIN,
  'DELETE /api/v1/service-accounts/:id/old-tokens': ADMIN,

  'POST /api/v1/fleet-keys': ADMIN,
  'GET /api/v1/fleet-keys': ADMIN,
  'DELETE /api/v1/fleet-keys/:id': ADMIN,
  // By what the device sends: a fleet key, or its token.
  'POST /api/v1/provision': 'anybody',
  'POST /api/v1/device/claim-code': 'anybody',

  'POST /api/v1/consumers': MARKETING,
  'GET /api/v1/consumers': PEOPLE_READERS,
  'GET /api/v1/consumers/:id': PEOPLE_READERS,
  'PATCH /api/v1/consumers/:id': MARKETING,
  'DELETE /api/v1/consumers/:id': ADMIN,
  'GET /api/v1/consumers/:id/export': ADMIN,
  'GET /api/v1/consumers/:id/consents': PEOPLE_READERS,
  'PUT /api/v1/consumers/:id/consents/:purpose': MARKETING,
  'POST /api/v1/consumers/:id/push-subscriptions': MARKETING,
  'GET /api/v1/consumers/:id/push-subscriptions': PEOPLE_READERS,
  'DELETE /api/v1/consumers/:id/push-subscriptions/:subscriptionId': MARKETING,
  'POST /api/v1/consumers/:id/invitations': MARKETING,
  'GET /api/v1/consent-policy': STAFF,
  'PUT /api/v1/consent-policy': ADMIN,

  'GET /api/v1/places': STAFF,
  'GET /api/v1/places.geojson': STAFF,
  'POST /api/v1/places/import': MARKETING,
  'GET /api/v1/places/:id': STAFF,
  'PUT /api/v1/places/:id': MARKETING,
  'DELETE /api/v1/places/:id': MARKETING,

  'GET /api/v1/place-search': STAFF,

  'GET /api/v1/rules': STAFF,
  'GET /api/v1/rules/:id': STAFF,
  'PUT /api/v1/rules/:id': MARKETING,
  'POST /api/v1/rules/:id/state': MARKETING,
  'POST /api/v1/rules/apply': MARKETING,
  'GET /api/v1/rules/:id/funnel': PEOPLE_READERS,
  'GET /api/v1/rules/:id/versions': STAFF,
  'GET /api/v1/rule-counts': PEOPLE_READERS,
  'POST /api/v1/rules/check': PEOPLE_READERS,

  'GET /api/v1/sensitive-zones': STAFF,
  'GET /api/v1/sensitive-zones.geojson': STAFF,
  'POST /api/v1/sensitive-zones/import': MARKETING,
  'GET /api/v1/sensitive-zones/:id': STAFF,
  'PUT /api/v1/sensitive-zones/:id': MARKETING,
  'DELETE /api/v1/sensitive-zones/:id': MARKETING,
  'GET /api/v1/segments': STAFF,
  'GET /api/v1/segments/:id': STAFF,
  'PUT /api/v1/segments/:id': MARKETING,
  'DELETE /api/v1/segments/:id': MARKETING,
  'GET /api/v1/traits': STAFF,
  'GET /api/v1/traits/:name': STAFF,
  'PUT /api/v1/traits/:name': MARKETING,
  'DELETE /api/v1/traits/:name': MARKETING,
  'GET /api/v1/campaigns': STAFF,
  'GET /api/v1/campaigns/:id': STAFF,
  'PUT /api/v1/campaigns/:id': MARKETING,
  'DELETE /api/v1/campaigns/:id': MARKETING,
  'GET /api/v1/code-pools': STAFF,
  'GET /api/v1/code-pools/:id': STAFF,
  'PUT /api/v1/code-pools/:id': MARKETING,
  'POST /api/v1/code-pools/:id/codes': MARKETING,
  'DELETE /api/v1/code-pools/:id': MARKETING,
  'GET /api/v1/pacing': STAFF,
  'PUT /api/v1/pacing': MARKETING,

  'POST /api/v1/rules/:id/backtest': PEOPLE_READERS,
  'GET /api/v1/backtests/:id': PEOPLE_READERS,
  'DELETE /api/v1/backtests/:id': PEOPLE_READERS,

  'GET /api/v1/explain': PEOPLE_READERS,
  'GET /api/v1/decisions': PEOPLE_READERS,
  'GET /api/v1/deliveries': PEOPLE_READERS,
  'GET /api/v1/deliveries/:id': PEOPLE_READERS,
  'GET /api/v1/visits': STAFF,
  'GET /api/v1/quarantine': TELEMETRY_READERS,
  'GET /api/v1/quarantine/:id': TELEMETRY_READERS,
  'POST /api/v1/quarantine/:id/retry': DEVICE_MANAGERS,
  'POST /api/v1/quarantine/retry': DEVICE_MANAGERS,
  'GET /api/v1/quality': TELEMETRY_READERS,
  'GET /api/v1/devices/:id/quality': TELEMETRY_READERS,
  'GET /api/v1/telemetry/:deviceId': TELEMETRY_READERS,
  'GET /api/v1/analytics/cells': STAFF,
  'GET /api/v1/live': STAFF,
  'GET /api/v1/audit': ADMIN,
  'GET /api/v1/audit/verification': ADMIN,
  'POST /api/v1/backups': ADMIN,
  'GET /api/v1/backups': ADMIN,
  'GET /api/v1/backups/:id': ADMIN,
  'DELETE /api/v1/backups/:id': ADMIN,

  'GET /api/v1/map': STAFF,
  'GET /api/v1/map/overlay': STAFF,
  'GET /api/v1/push-key': 'anybody',
  'POST /api/v1/push-key/rotate': ADMIN,
  'GET /api/v1/push-services': PEOPLE_READERS,
  'POST /api/v1/trial-pushes': MARKETING,
  'GET /api/v1/sending': STAFF,
  'PUT /api/v1/sending': MARKETING,
  'GET /api/v1/webhooks': MARKETING,
  'GET /api/v1/webhooks/:id': MARKETING,
  'PUT /api/v1/webhooks/:id': ADMIN,
  'POST /api/v1/webhooks/:id/secret': ADMIN,
  'DELETE /api/v1/webhooks/:id': ADMIN,
  // By the token in the address, which came by e-mail.
  'GET /api/v1/unsubscribe/:token': 'anybody',
  'POST /api/v1/unsubscribe/:token': 'anybody',

  // By the signed token of a delivery.
  'POST /api/v1/receipts': 'anybody',
  'POST /api/v1/stop/:token': 'anybody',

  'POST /api/v1/tills': MARKETING,
  'GET /api/v1/tills': PEOPLE_READERS,
  'DELETE /api/v1/tills/:id': MARKETING,
  'POST /api/v1/redemptions': { tillsAnd: MARKETING },
  'GET /api/v1/redemptions': PEOPLE_READERS,

  'GET /api/v1/me/sign-in': 'anybody',
  'POST /api/v1/me/login-links': 'anybody',
  'POST /api/v1/me/passkey-session/options': 'anybody',
  'POST /api/v1/me/passkey-session': 'anybody',
  'POST /api/v1/me/session': 'anybody',
  'DELETE /api/v1/me/session': 'anybody',
  'GET /api/v1/me': 'consumer',
  'POST /api/v1/me/devices': 'consumer',
  'DELETE /api/v1/me/devices/:id': 'consumer',
  'GET /api/v1/me/devices/:id': 'consumer',
  'GET /api/v1/me/devices/:id/track': 'consumer',
  'GET /api/v1/me/map': 'consumer',
  'GET /api/v1/me/map/overlay': 'consumer',
  'PUT /api/v1/me/consents/:purpose': 'consumer',
  'DELETE /api/v1/me': 'consumer',
  'GET /api/v1/me/export': 'consumer',
  'PUT /api/v1/me/quiet-hours': 'consumer',
  'POST /api/v1/me/push-subscriptions': 'consumer',
  'DELETE /api/v1/me/push-subscriptions': 'consumer',
  'POST /api/v1/me/stop': 'consumer',
  'GET /api/v1/me/offers': 'consumer',
  'GET /api/v1/me/offers/:id': 'consumer',
  'POST /api/v1/me/offers/:id/receipt': 'consumer',
  'POST /api/v1/me/offers/:id/fewer': 'consumer',
  'GET /api/v1/me/fewer': 'consumer',
  'DELETE /api/v1/me/fewer/:rule': 'consumer',
  'GET /api/v1/me/not-sent': 'consumer',
  'GET /api/v1/me/uses': 'consumer',
  'GET /api/v1/me/devices/:id/telemetry': 'consumer',
  'GET /api/v1/me/devices/:id/visits': 'consumer',
  'GET /api/v1/me/sessions': 'consumer',
  'DELETE /api/v1/me/sessions': 'consumer',
  'DELETE /api/v1/me/sessions/:id': 'consumer',
  'GET /api/v1/me/passkeys': 'consumer',
  'POST /api/v1/me/passkeys/options': 'consumer',
  'POST /api/v1/me/passkeys': 'consumer',
  'PATCH /api/v1/me/passkeys/:id': 'consumer',
  'DELETE /api/v1/me/passkeys/:id': 'consumer',
};

/** Methods that the API takes at an address, such as for the header Allow; none where it leads nowhere. */
export function methodsAt(path: string): readonly string[] {
  const parts = path.split('/');
  return Object.keys(ACCESS).flatMap((line) => {
    const [method = '', pattern = ''] = line.split(' ');
    const wanted = pattern.split('/');
    const fits =
      wanted.length === parts.length &&
      wanted.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]));
    if (!fits) return [];
    return method === 'GET' ? ['GET', 'HEAD'] : [method];
  });
}
