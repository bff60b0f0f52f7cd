import type { Logger } from 'pino';
import type { Hold } from './backup/hold.ts';
import type { EngineClient } from './engine/engine-client.ts';
import type { ErasedEntries, Journal } from './journal/journal.ts';

const LOOK_EVERY_MS = 1_000;
/** Trims a look: one in ten while all is well, each one while the journal waits for room. */
const LOOKS_A_TRIM = 10;
/** What was trimmed lies in free pages until they are used again. A moment after a start, and once a day, they are overwritten. */
const LOOKS_AN_OVERWRITING = 86_400;
/** That erases no entry. */
const NOBODY: ErasedEntries = new Map();

export interface JournalKeeping {
  readonly journal: Journal;
  readonly engine: Pick<EngineClient, 'status'>;
  /** How long entries are kept that engine and telemetry store have; 0: not at all. */
  readonly keepMs: number;
  /** Nothing is trimmed while somebody holds it. */
  readonly hold?: Pick<Hold, 'isHeld'>;
  /** Domain time, epoch ms. */
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Lets the journal forget what both the engine and the telemetry store have, and says in the log when it takes nothing, and when
 * it does again. Returns the stop.
 */
export function trimJournal({
  journal,
  engine,
  keepMs,
  hold,
  now,
  log,
}: JournalKeeping): () => Promise<void> {
  let looks = 0;
  let overwriteAtLook = LOOKS_A_TRIM;
  let trimmed = 0;
  let told: string | null = null;
  let failing = false;
  let work: Promise<void> | null = null;

  async function trim(): Promise<void> {
    const { engineSeq, telemetrySeq } = await engine.status();
    // Whoever holds it from here on finds cursors that have come at least as far.
    if (hold?.isHeld) return;
    const seq = Math.min(engineSeq, telemetrySeq);
    if (keepMs === 0 && seq <= trimmed) return;
    if (keepMs === 0) await journal.trim(seq);
    else await journal.trim(seq, now() - keepMs);
    trimmed = seq;
  }

  async function overwrite(): Promise<void> {
    if (looks < overwriteAtLook || hold?.isHeld) return;
    overwriteAtLook = looks + LOOKS_AN_OVERWRITING;
    await journal.erase(NOBODY);
  }

  function tell(): void {
    const { trouble } = journal;
    if ((trouble === null) === (told === null)) return;
    if (trouble === null) log.info('the journal takes messages again');
    else
      log.error(
        { reason: trouble },
        'the journal takes nothing; messages are not acknowledged until it does',
      );
    told = trouble;
  }

  async function look(): Promise<void> {
    await journal.checkSpace();
    tell();
    if (looks++ % LOOKS_A_TRIM === 0 || journal.trouble !== null) await trim();
    await overwrite();
    failing = false;
  }

  const timer = setInterval(() => {
    // An engine that is busy answers late; looks do not pile up behind it.
    work ??= look()
      .catch((error: unknown) => {
        // On a full disk each try fails alike, for deleting takes space too.
        if (!failing) log.error({ err: error }, 'the journal could not be looked after');
        failing = true;
      })
      .finally(() => {
        work = null;
      });
  }, LOOK_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await work;
  };
}
