import { Histogram, type Registry } from 'prom-client';
import type { HttpApp } from './context.ts';

/** Seconds; an answer in 5 ms is usual, one that takes a second is felt. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5];

/** Counts and times requests by route, never by address: ids would make a series each. */
export function measureRequests(app: HttpApp, registry: Registry): void {
  const seconds = new Histogram({
    name: 'wayside_http_request_seconds',
    help: 'Time from a request to its answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? '(none)';
    seconds.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
  });
}
