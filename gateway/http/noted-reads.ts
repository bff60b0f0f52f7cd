import type { ReadKind, ReadSubject } from '../records/audit-reads.ts';
import { consumerOfDelivery } from '../records/deliveries.ts';
import type { HttpApp, RouteContext } from './context.ts';

/** Where the id of whose data a route gives stands in the request. */
type WhereId = 'consumer in path' | 'device in path' | 'delivery in path' | 'filters';

/**
 * Routes that give staff data of persons, and what these are. With `filters`, `consumer` or `device` of the query say whose; without
 * them it is a list of everybody's. A route that gives a person's data belongs here.
 */
export const READS: Readonly<Record<string, readonly [what: ReadKind, whose: WhereId, parameter?: string]>> =
  {
    'GET /api/v1/consumers': ['profiles', 'filters'],
    'GET /api/v1/consumers/:id': ['profile', 'consumer in path'],
    'GET /api/v1/consumers/:id/consents': ['consents', 'consumer in path'],
    'GET /api/v1/consumers/:id/push-subscriptions': ['browsers', 'consumer in path'],
    'GET /api/v1/consumers/:id/export': ['export', 'consumer in path'],
    'GET /api/v1/devices': ['devices', 'filters'],
    'GET /api/v1/devices/:id': ['device', 'device in path'],
    'GET /api/v1/devices/:id/aliases': ['device', 'device in path'],
    'GET /api/v1/devices/:id/commands': ['commands', 'device in path'],
    'GET /api/v1/devices/:id/commands/:commandId': ['commands', 'device in path'],
    'GET /api/v1/devices/:id/config': ['configuration', 'device in path'],
    'GET /api/v1/devices/:id/quality': ['quality', 'device in path'],
    'GET /api/v1/telemetry/:deviceId': ['telemetry', 'device in path', 'deviceId'],
    'GET /api/v1/visits': ['visits', 'filters'],
    'GET /api/v1/decisions': ['decisions', 'filters'],
    'GET /api/v1/deliveries': ['deliveries', 'filters'],
    'GET /api/v1/deliveries/:id': ['deliveries', 'delivery in path'],
    'GET /api/v1/quarantine': ['quarantine', 'filters'],
    'GET /api/v1/explain': ['explanation', 'filters'],
    'GET /api/v1/live': ['live', 'filters'],
  };

/** Has every request of the table above noted before it is answered. */
export function noteReads(app: HttpApp, { reads: log, deps: { records } }: RouteContext): void {
  app.addHook('preHandler', async (request) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const read = READS[`${method} ${request.routeOptions.url}`];
    if (read === undefined) return;
    const [what, whose, parameter = 'id'] = read;
    const path = request.params as Readonly<Record<string, string>>;
    const query = request.query as Readonly<Record<string, string | undefined>>;
    const id = path[parameter] ?? '';
    if (whose === 'delivery in path') {
      const consumer = await consumerOfDelivery(records, id);
      if (consumer !== null) await log.note(request.identity, what, { kind: 'consumer', id: consumer });
      return;
    }
    for (const subject of subjectsOf(whose, id, query)) await log.note(request.identity, what, subject);
  });
}

function subjectsOf(
  whose: Exclude<WhereId, 'delivery in path'>,
  id: string,
  { consumer, device }: Readonly<Record<string, string | undefined>>,
): readonly ReadSubject[] {
  if (whose === 'consumer in path') return [{ kind: 'consumer', id }];
  if (whose === 'device in path') return [{ kind: 'device', id }];
  const named: ReadSubject[] = [];
  if (consumer !== undefined) named.push({ kind: 'consumer', id: consumer });
  if (device !== undefined) named.push({ kind: 'device', id: device });
  return named.length > 0 ? named : [{ kind: 'everybody' }];
}
