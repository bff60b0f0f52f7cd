import type { HttpApp, RouteContext } from '../../context.ts';
import { registerMyTelemetryRoutes } from './devices.ts';
import { registerLoginLinkRoutes } from './login-links.ts';
import { registerMyOfferRoutes } from './offers.ts';
import { registerMyPasskeyRoutes } from './passkeys.ts';
import { registerMyProfileRoutes } from './profile.ts';
import { registerMySessionRoutes } from './session.ts';
import { registerMySubscriptionRoutes } from './subscriptions.ts';
import { registerMyUseRoutes } from './uses.ts';

/** What a consumer sees and decides of themselves. */
export function registerMeRoutes(app: HttpApp, context: RouteContext): void {
  registerMySessionRoutes(app, context);
  registerLoginLinkRoutes(app, context);
  registerMyPasskeyRoutes(app, context);
  registerMyProfileRoutes(app, context);
  registerMySubscriptionRoutes(app, context);
  registerMyOfferRoutes(app, context);
  registerMyUseRoutes(app, context);
  registerMyTelemetryRoutes(app, context);
}
