import { parentPort, workerData } from 'node:worker_threads';
import { createSqliteJournalReader } from '../../../gateway/journal/sqlite-journal-reader.ts';

/** A thread that follows the journal until it has seen `entries` of them. */
const { file, entries } = workerData as { file: string; entries: number };
const reader = createSqliteJournalReader({ file });
await reader.start();
let after = 0;
let count = 0;
let inOrder = true;
while (count < entries) {
  for (const entry of await reader.read(after, 100, 1024 * 1024)) {
    inOrder &&= entry.seq > after && entry.userId === `d${count}`;
    after = entry.seq;
    count += 1;
  }
}
await reader.stop();
parentPort?.postMessage({ inOrder, count });
