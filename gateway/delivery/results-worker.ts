import { workerData } from 'node:worker_threads';
import { openRecords } from '../records/open.ts';
import { serveFromWorker } from '../worker-rpc.ts';
import { OUTBOX_RECORDS, type RecordResults, recordResultsInto } from './results.ts';

/** What the thread is started with. */
export interface ResultsWorkerData {
  readonly recordsFile: string;
}

/** What the thread serves. */
export interface ResultsWorker {
  readonly record: RecordResults;
  /** Closes the records. */
  close(): Promise<void>;
}

const { recordsFile } = workerData as ResultsWorkerData;
const db = openRecords(recordsFile, OUTBOX_RECORDS);
serveFromWorker<object, ResultsWorker>({ record: recordResultsInto(db), close: () => db.destroy() });
