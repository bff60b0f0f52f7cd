import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import { scannerThrough } from '../telemetry/scan-port.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { type CellDay, createCellTally } from './cell-tally.ts';

/** What the thread that counts is started with. */
export interface CellSettings {
  /** Telemetry comes through it; it must be handed over. */
  readonly port: MessagePort;
  readonly deviceKeys: readonly string[];
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive, epoch ms. */
  readonly to: number;
  readonly byArrival: boolean;
}

/** Served by it. */
export interface CellCalls {
  count(): Promise<readonly CellDay[]>;
}

const { port, deviceKeys, from, to, byArrival } = workerData as CellSettings;

serveFromWorker<object, CellCalls>({
  async count() {
    const tally = createCellTally(byArrival);
    const query = { deviceKeys, from, to, numbers: [], metrics: false, positionsOnly: true };
    for await (const batch of scannerThrough(port).scan(query)) tally.add(batch);
    return tally.cells();
  },
});
