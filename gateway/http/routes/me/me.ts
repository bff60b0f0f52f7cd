import type { HttpApp, RouteContext } from '../../context.ts';
import { registerMyDeviceHistoryRoutes } from './device-history.ts';
import { registerLoginLinkRoutes } from './login-links.ts';
import { registerMyOfferRoutes } from './offers.ts';
import { registerMyDeviceRoutes } from './own-devices.ts';
import { registerPasskeySessionRoutes } from './passkey-session.ts';
import { registerMyPasskeyRoutes } from './passkeys.ts';
import { registerMyProfileRoutes } from './profile.ts';
import { registerMySessionRoutes } from './session.ts';
import { registerMySubscriptionRoutes } from './subscriptions.ts';
import { registerMyUseRoutes } from './uses.ts';

/** What a consumer sees and decides of themselves. */
export function registerMeRoutes(app: HttpApp, context: RouteContext): void {
  registerMySessionRoutes(app, context);
  registerLoginLinkRoutes(app, context);
  registerPasskeySessionRoutes(app, context);
  registerMyPasskeyRoutes(app, context);
  registerMyProfileRoutes(app, context);
  registerMySubscriptionRoutes(app, context);
  registerMyOfferRoutes(app, context);
  registerMyUseRoutes(app, context);
  registerMyDeviceRoutes(app, context);
  registerMyDeviceHistoryRoutes(app, context);
}
