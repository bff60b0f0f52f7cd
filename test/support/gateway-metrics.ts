import type { GatewayProcess } from './gateway.ts';

/** The figures of one look at /metrics, by name; NaN for what it does not have (a part that is too busy to answer has none). */
export async function metricsOf(gateway: GatewayProcess): Promise<(name: string) => number> {
  const text = String((await gateway.api('GET', '/metrics')).body);
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** One figure of one look at /metrics. */
export async function metricOf(gateway: GatewayProcess, name: string): Promise<number> {
  return (await metricsOf(gateway))(name);
}
