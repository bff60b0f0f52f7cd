import type { BacktestReport } from '../../backtest/report.ts';
import { type GatewayAnswer, type GatewayClient, GatewayRefused } from '../gateway-client.ts';
import type { AskedRule, AskedSpan } from './asked.ts';

/** Domain time of the gateway. Throws a GatewayUnreachable where none answers. */
export async function gatewayNow(client: GatewayClient, otherwise: number): Promise<number> {
  const { body } = await client.call('GET', '/healthz');
  const { now } = (body ?? {}) as { now?: unknown };
  return typeof now === 'number' ? now : otherwise;
}

/** Has a running gateway carry the backtest out. @throws GatewayRefused, GatewayUnreachable */
export async function backtestThroughGateway(
  client: GatewayClient,
  rule: AskedRule,
  span: AskedSpan,
  alone: boolean,
  tell: (report: BacktestReport) => void,
  stopped: AbortSignal,
): Promise<BacktestReport> {
  const { id, document } = rule;
  const body = { ...span, alone, ...(document !== undefined && { rule: document }) };
  const path = `/api/v1/rules/${encodeURIComponent(id)}/backtest?wait=PT0S`;
  let report = reportOf(await client.call('POST', path, body));
  while (report.endedAt === null) {
    tell(report);
    const job = `/api/v1/backtests/${report.id}`;
    report = reportOf(
      stopped.aborted ? await client.call('DELETE', job) : await client.call('GET', `${job}?wait=PT1S`),
    );
  }
  return report;
}

function reportOf(answer: GatewayAnswer): BacktestReport {
  if (answer.status === 200 || answer.status === 202) return answer.body as BacktestReport;
  throw new GatewayRefused(answer);
}
