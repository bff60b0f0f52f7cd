import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { createJob } from '../../backtest/job.ts';
import type { BacktestReport } from '../../backtest/report.ts';
import { type BacktestRequest, LONGEST_SPAN_MS } from '../../backtest/request.ts';
import { runBacktest } from '../../backtest/run.ts';
import { loadConfig } from '../../config.ts';
import { takeDataDir } from '../../data-dir.ts';
import { checkRuleDocument } from '../../http/checked-rule.ts';
import { invalidDocument } from '../../http/refused.ts';
import { ruleContext } from '../../http/rule-document.ts';
import { migrate } from '../../records/migrate.ts';
import { openRecords } from '../../records/open.ts';
import { getRule } from '../../records/rules.ts';
import { createDuckDbStore } from '../../telemetry/duckdb-store.ts';
import { createInfluxStore } from '../../telemetry/influx-store.ts';
import { Unusable } from '../command-io.ts';
import type { AskedRule, AskedSpan } from './asked.ts';

/**
 * Carries the backtest out on the data directory itself, for nobody else has it open. The lock keeps a gateway out meanwhile.
 *
 * @param env the gateway's settings
 * @throws WaysideError as the gateway would at its start, and as the API would of the rule; Unusable where there is no data
 */
export async function backtestOnStore(
  env: Readonly<Record<string, string | undefined>>,
  rule: AskedRule,
  span: AskedSpan,
  alone: boolean,
  tell: (report: BacktestReport) => void,
  stopped: AbortSignal,
): Promise<BacktestReport> {
  if (span.to - span.from > LONGEST_SPAN_MS) throw new Unusable('at most 400 days can be gone through');
  const config = loadConfig(env);
  if (!existsSync(join(config.dataDir, 'wayside.db')))
    throw new Unusable(`there is no gateway's data in ${config.dataDir}; WAYSIDE_DATA_DIR says where it is`);
  const dataDir = await takeDataDir(config.dataDir);
  const { files } = dataDir;
  const db = openRecords(files.records);
  const store =
    config.influx === null
      ? createDuckDbStore({ file: files.telemetry, threads: 2 })
      : createInfluxStore(config.influx);
  try {
    await migrate(db);
    await store.start();
    const request: BacktestRequest = { ...(await documentOf()), ...span, alone };
    const job = createJob('offline', request, Date.now);
    job.started(() => undefined);
    const counts = await runBacktest(
      db,
      store,
      request,
      (progress) => {
        job.progressed(progress);
        if (stopped.aborted) job.cancelled();
        tell(job.report());
      },
      {
        now: () => performance.now(),
        log: pino({ level: 'silent' }),
        ways: { mail: config.mail !== null, realNow: Date.now() },
        stopped,
      },
    );
    if (stopped.aborted) job.cancelled();
    job.done(counts);
    return job.report();
  } finally {
    await store.stop();
    await db.destroy();
    dataDir.release();
  }

  async function documentOf(): Promise<Pick<BacktestRequest, 'ruleId' | 'document' | 'version'>> {
    if (rule.document === undefined) {
      const { document, version } = await getRule(db, rule.id);
      return { ruleId: rule.id, document, version };
    }
    const checked = checkRuleDocument(
      rule.id,
      rule.document,
      await ruleContext({ records: db }, [rule.document]),
    );
    if (!checked.ok) throw invalidDocument(checked.problems);
    return { ruleId: rule.id, document: checked.value.document, version: null };
  }
}
