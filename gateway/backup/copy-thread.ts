import { serveFromWorker } from '../worker-rpc.ts';
import { copySqlite } from './copy-sqlite.ts';

/** Served by the thread that copies SQLite files, for each copy blocks it. */
export interface CopyCalls {
  copySqlite(file: string, copy: string): void;
}

serveFromWorker<object, CopyCalls>({ copySqlite });
