import { workerData } from 'node:worker_threads';
import { createLog } from '../log.ts';
import { openRecords } from '../records/open.ts';
import { scannerThrough } from '../telemetry/scan-port.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import type { BacktestCalls, BacktestListener, BacktestSettings } from './backtest-calls.ts';
import { runBacktest } from './run.ts';

const log = createLog();
const { recordsFile, port, request, ways } = workerData as BacktestSettings;

const calls: BacktestCalls = {
  async run() {
    const db = openRecords(recordsFile);
    try {
      return await runBacktest(
        db,
        scannerThrough(port),
        request,
        (progress) => void listener.progress.asEvent(progress),
        { now: () => performance.now(), log, ways },
      );
    } finally {
      await db.destroy();
    }
  },
};

const listener = serveFromWorker<BacktestListener, BacktestCalls>(calls);
