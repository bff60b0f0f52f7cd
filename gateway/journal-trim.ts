import type { Logger } from 'pino';
import type { EngineClient } from './engine/engine-client.ts';
import type { Journal } from './journal/journal.ts';

const TRIM_EVERY_MS = 10_000;

/** Lets the journal forget what both the engine and the telemetry store have, every 10 s. Returns the stop. */
export function trimJournal(journal: Journal, engine: EngineClient, log: Logger): () => Promise<void> {
  let trimmed = 0;
  let work: Promise<void> = Promise.resolve();
  const trim = async () => {
    const { engineSeq, telemetrySeq } = await engine.status();
    const seq = Math.min(engineSeq, telemetrySeq);
    if (seq <= trimmed) return;
    await journal.trim(seq);
    trimmed = seq;
  };
  const timer = setInterval(() => {
    work = work
      .then(trim)
      .catch((error: unknown) => log.error({ err: error }, 'the journal could not be trimmed'));
  }, TRIM_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await work;
  };
}
