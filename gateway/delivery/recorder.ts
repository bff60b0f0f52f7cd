import { setTimeout as pause } from 'node:timers/promises';
import type { DeliveryRow } from './due-facts.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { DeliveryResult } from './results.ts';

/** Results are written together: one fsync for all that end within this time. */
const GATHER_MS = 5;
/** After a failure of the records. */
const TROUBLE_PAUSE_MS = 1_000;

/** Writes what became of deliveries, and tries again while the records do not answer. As many wait as the outbox has under way. */
export interface Recorder {
  add(result: DeliveryResult): void;
  /** Resolves when all is written, or where that fails now. */
  stop(): Promise<void>;
}

export interface RecorderParts {
  readonly store: Pick<OutboxStore, 'record'>;
  /** Domain time, epoch ms. */
  readonly domainNow: () => number;
  /** Told of each group that was written, and of the rows that it changed. */
  readonly onRecorded: (results: readonly DeliveryResult[], rows: readonly DeliveryRow[]) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
}

export function createRecorder({ store, domainNow, onRecorded, onTrouble }: RecorderParts): Recorder {
  let waiting: DeliveryResult[] = [];
  let writing: Promise<void> | null = null;
  let stopping = false;

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      await pause(GATHER_MS);
      const results = waiting;
      waiting = [];
      try {
        onRecorded(results, await store.record(results, domainNow()));
      } catch (error) {
        waiting = [...results, ...waiting];
        onTrouble('results of deliveries could not be recorded', error);
        if (stopping) break;
        await pause(TROUBLE_PAUSE_MS);
      }
    }
    writing = null;
  }

  return {
    add(result) {
      waiting.push(result);
      writing ??= write();
    },
    async stop() {
      stopping = true;
      await writing;
    },
  };
}
