import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import cookie from '@fastify/cookie';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { refuseUnkeepableBodies } from './body-values.ts';
import { answerClientError } from './client-errors.ts';
import type { HttpApp, RouteContext } from './context.ts';
import type { HttpDependencies } from './dependencies.ts';
import { guardRoutes } from './guard.ts';
import { type HandleMqttWebSocket, serveMqttWebSockets } from './mqtt-websocket.ts';
import { noteReads } from './noted-reads.ts';
import { documentRoutes } from './openapi.ts';
import { servePages } from './pages.ts';
import { answerError } from './problems.ts';
import { readIntegersInQueries } from './query-numbers.ts';
import { createReadLog } from './read-log.ts';
import { measureRequests } from './request-metrics.ts';
import { registerAuditRoutes } from './routes/audit.ts';
import { registerBacktestRoutes } from './routes/backtests.ts';
import { registerBackupRoutes } from './routes/backups.ts';
import { registerCampaignRoutes } from './routes/campaigns.ts';
import { registerCellRoutes } from './routes/cells.ts';
import { registerClaimRoutes } from './routes/claims.ts';
import { registerCodePoolRoutes } from './routes/code-pools.ts';
import { registerCommandRoutes } from './routes/commands.ts';
import { registerConsentPolicyRoutes } from './routes/consent-policy.ts';
import { registerConsumerErasureRoutes } from './routes/consumer-erasure.ts';
import { registerConsumerRoutes } from './routes/consumers.ts';
import { registerDeviceAliasRoutes } from './routes/device-aliases.ts';
import { registerDeviceConfigRoutes } from './routes/device-config.ts';
import { registerDeviceErasureRoutes } from './routes/device-erasure.ts';
import { registerDeviceImportRoute } from './routes/device-import.ts';
import { registerDeviceTypeRoutes } from './routes/device-types.ts';
import { registerDeviceRoutes } from './routes/devices.ts';
import { registerExplainRoute } from './routes/explain.ts';
import { registerInvitationRoutes } from './routes/invitations.ts';
import { registerLiveRoute } from './routes/live.ts';
import { registerMapRoutes } from './routes/map.ts';
import { registerMeRoutes } from './routes/me/me.ts';
import { registerOutcomeRoutes } from './routes/outcomes.ts';
import { registerPacingRoutes } from './routes/pacing.ts';
import { registerPersonExportRoutes } from './routes/person-export.ts';
import { registerPlaceSearchRoute } from './routes/place-search.ts';
import { registerPlaceRoutes } from './routes/places.ts';
import { registerProvisioningRoutes } from './routes/provisioning.ts';
import { registerPushServiceRoutes } from './routes/push-services.ts';
import { registerPushSubscriptionRoutes } from './routes/push-subscriptions.ts';
import { registerQualityRoutes } from './routes/quality.ts';
import { registerQuarantineRoutes } from './routes/quarantine.ts';
import { registerReceiptRoute } from './routes/receipts.ts';
import { registerRedemptionRoutes } from './routes/redemptions.ts';
import { registerRuleCheckRoute } from './routes/rule-check.ts';
import { registerRuleFileRoutes } from './routes/rule-files.ts';
import { registerRuleFunnelRoute } from './routes/rule-funnel.ts';
import { registerRuleHistoryRoutes } from './routes/rule-history.ts';
import { registerRuleRoutes } from './routes/rules.ts';
import { registerSchemaRoutes } from './routes/schemas.ts';
import { registerSegmentRoutes } from './routes/segments.ts';
import { registerSendingRoutes } from './routes/sending.ts';
import { registerSensitiveZoneRoutes } from './routes/sensitive-zones.ts';
import { registerServiceRoutes } from './routes/service.ts';
import { registerServiceAccountRoutes } from './routes/service-accounts.ts';
import { registerSessionRoutes } from './routes/session.ts';
import { registerStopRoute } from './routes/stop.ts';
import { registerTelemetryRoutes } from './routes/telemetry.ts';
import { registerTillRoutes } from './routes/tills.ts';
import { registerUnsubscribeRoutes } from './routes/unsubscribe.ts';
import { registerUserRoutes } from './routes/users.ts';
import { registerWebhookRoutes } from './routes/webhooks.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { createSignInBackoff } from './sign-in-backoff.ts';
import { createZoneCheck } from './zone-check.ts';

/** Bodies other than places and imports, which have limits of their own. */
const BODY_LIMIT_BYTES = 256 * 1024;
/** A request that has not come in whole by then is given up, so that slow senders don't hold connections. */
const REQUEST_TIMEOUT_MS = 30_000;

/** What requests under way have to finish when the gateway stops. */
const FINISH_WITHIN_MS = 5_000;
/** What Node takes of an address: an id that is too long reaches its route, whose schema says so. */
const MAX_PARAMETER_LENGTH = 16 * 1024;

export interface HttpServer {
  /** Listens. Rejects with Node's own error (`code: 'EADDRINUSE'`, `'EACCES'`) where the port can't be had. */
  start(): Promise<{ readonly httpPort: number }>;
  /** Takes no more requests, ends live streams and WebSockets, and closes. */
  stop(): Promise<void>;
}

export interface HttpOptions {
  /** Takes over a WebSocket that speaks MQTT. */
  readonly handleMqttWebSocket: HandleMqttWebSocket;
  /** Where the built pages lie, with a trailing slash; dashboard/dist by default. */
  readonly pages?: string;
}

/** The API, its documentation and the pages. Nothing listens until `start`. */
export function createHttpServer(deps: HttpDependencies, options: HttpOptions): HttpServer {
  // What Fastify says at info level (where it listens, each request) is said elsewhere, or is no news.
  const log: FastifyBaseLogger = deps.log.child({ part: 'http' }, { level: 'warn' });
  const app: HttpApp = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // TLS is a proxy's. One on this machine is believed whom it asks for (X-Forwarded-For), or all people would share its address.
    trustProxy: 'loopback',
    // Else a browser's idle connection would hold up the stop; requests under way are let finish.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // What goes wrong before a route is found does not come to the error handler.
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
    genReqId: () => randomUUID(),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  let httpPort = 0;
  let closeWebSockets: () => Promise<void> = async () => undefined;

  const context: RouteContext = {
    deps,
    newId: randomUUID,
    backoff: createSignInBackoff(deps.realNow),
    zones: createZoneCheck(deps.records),
    reads: createReadLog(deps),
    publicUrl: () => deps.config.publicUrl ?? `http://localhost:${httpPort}`,
  };

  async function assemble(): Promise<void> {
    app.setErrorHandler(answerError);
    measureRequests(app, deps.metrics);
    readIntegersInQueries(app);
    refuseUnkeepableBodies(app);
    await app.register(cookie);
    await addSecurityHeaders(app, deps.config);
    guardRoutes(app, deps);
    noteReads(app, context);
    await documentRoutes(app);
    registerServiceRoutes(app, context);
    registerSessionRoutes(app, context);
    registerUserRoutes(app, context);
    registerDeviceRoutes(app, context);
    registerCommandRoutes(app, context);
    registerDeviceConfigRoutes(app, context);
    registerDeviceAliasRoutes(app, context);
    registerDeviceErasureRoutes(app, context);
    registerDeviceTypeRoutes(app, context);
    registerServiceAccountRoutes(app, context);
    registerProvisioningRoutes(app, context);
    registerClaimRoutes(app, context);
    await app.register((scope) =>
      registerDeviceImportRoute(scope.withTypeProvider<TypeBoxTypeProvider>(), context),
    );
    registerConsumerRoutes(app, context);
    registerConsentPolicyRoutes(app, context);
    registerConsumerErasureRoutes(app, context);
    registerPersonExportRoutes(app, context);
    registerPushSubscriptionRoutes(app, context);
    registerInvitationRoutes(app, context);
    // In scopes of their own: only places and devices may be CSV, and only rules YAML.
    await app.register((scope) =>
      registerPlaceRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), context),
    );
    await app.register((scope) => registerRuleRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), context));
    registerPlaceSearchRoute(app, context);
    registerRuleCheckRoute(app, context);
    registerRuleHistoryRoutes(app, context);
    registerSchemaRoutes(app, context);
    registerRuleFileRoutes(app, context);
    registerRuleFunnelRoute(app, context);
    registerSensitiveZoneRoutes(app, context);
    registerSegmentRoutes(app, context);
    registerCampaignRoutes(app, context);
    await app.register((scope) =>
      registerCodePoolRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), context),
    );
    registerPacingRoutes(app, context);
    registerBacktestRoutes(app, context);
    registerBackupRoutes(app, context);
    registerCellRoutes(app, context);
    registerOutcomeRoutes(app, context);
    registerExplainRoute(app, context);
    registerQuarantineRoutes(app, context);
    registerQualityRoutes(app, context);
    registerTelemetryRoutes(app, context);
    registerLiveRoute(app, context);
    registerMapRoutes(app, context);
    registerPushServiceRoutes(app, context);
    registerSendingRoutes(app, context);
    registerWebhookRoutes(app, context);
    await app.register((scope) =>
      registerUnsubscribeRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), context),
    );
    registerReceiptRoute(app, context);
    registerStopRoute(app, context);
    registerTillRoutes(app, context);
    registerRedemptionRoutes(app, context);
    registerAuditRoutes(app, context);
    registerMeRoutes(app, context);
    await servePages(app, options.pages);
  }

  return {
    async start() {
      await assemble();
      const { host } = deps.config;
      closeWebSockets = serveMqttWebSockets(app.server, options.handleMqttWebSocket);
      try {
        await app.listen({ host, port: deps.config.httpPort });
      } catch (error) {
        await app.close();
        throw error;
      }
      httpPort = (app.server.address() as AddressInfo).port;
      return { httpPort };
    },
    async stop() {
      await closeWebSockets();
      const timer = setTimeout(() => app.server.closeAllConnections(), FINISH_WITHIN_MS);
      await app.close();
      clearTimeout(timer);
    },
  };
}
