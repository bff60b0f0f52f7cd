import { startWorker } from '../worker-rpc.ts';
import type { RecordResults } from './results.ts';
import type { ResultsWorker, ResultsWorkerData } from './results-worker.ts';

/** Writes what became of deliveries in a thread of its own: whoever sends would stand still for the disk with each write. */
export interface ResultsThread {
  readonly record: RecordResults;
  /** Call it when nothing is being recorded any more. */
  stop(): Promise<void>;
}

/** Results of at most a thousand deliveries are there at once. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 128 };

/** @param onFailure called once, should the thread die; nothing is recorded then */
export function startResultsThread(recordsFile: string, onFailure: (error: Error) => void): ResultsThread {
  const data: ResultsWorkerData = { recordsFile };
  const worker = startWorker<ResultsWorker, object>(
    new URL('./results-worker.ts', import.meta.url),
    data,
    {},
    onFailure,
    HEAP_LIMITS,
  );
  return {
    record: (results, at) => worker.call.record(results, at),
    async stop() {
      await worker.call.close();
      await worker.terminate();
    },
  };
}
