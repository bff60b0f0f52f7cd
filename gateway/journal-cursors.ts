import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { EngineClient } from './engine/engine-client.ts';
import type { Journal, JournalOpening } from './journal/journal.ts';

import type { Schema } from './records/schema.ts';

/** How far a reader of the journal has come. */
interface JournalCursor {
  readonly name: string;
  readonly seq: number;
  /** Whether it reads this journal now, or is a store that was in use before. */
  readonly isCurrent: boolean;
}

/** Those of all readers that ever were: the engine, and each telemetry store. */
export async function journalCursors(
  records: Kysely<Schema>,
  engine: Pick<EngineClient, 'status'>,
): Promise<readonly JournalCursor[]> {
  const { engineSeq, telemetrySeq, telemetryStore } = await engine.status();
  const kept = await records.selectFrom('cursors').select(['name', 'seq']).execute();
  return [
    { name: 'engine', seq: engineSeq, isCurrent: true },
    // A store may keep its cursor itself, and be ahead of the records.
    { name: telemetryStore, seq: telemetrySeq, isCurrent: true },
    ...kept.map((cursor) => ({ ...cursor, isCurrent: false })),
  ];
}

/**
 * Brings a journal in step with its readers, before anything is appended. A journal that was deleted, torn or restored from an
 * older copy lies behind them: what it would number next they would take for known. So its sequences go on above the highest
 * cursor, and the log says what is missing.
 *
 * @param opening what the journal found when it was opened
 */
export async function alignJournal(
  journal: Pick<Journal, 'continueAbove'>,
  opening: JournalOpening,
  cursors: readonly JournalCursor[],
  log: Logger,
): Promise<void> {
  if (opening.damage !== null)
    log.error({ damage: opening.damage }, 'the journal was damaged; what could be read of it is kept');
  const highest = Math.max(0, ...cursors.map(({ seq }) => seq));
  if (highest > opening.lastSeq) {
    await journal.continueAbove(highest);
    log.error(
      { journalSeq: opening.lastSeq, cursors, continuesAbove: highest },
      'the journal ends before what its readers have taken: it was lost or is an older copy; new messages are numbered above that',
    );
  }
  const behind = cursors.filter(({ isCurrent, seq }) => isCurrent && seq < opening.trimmedSeq);
  if (behind.length > 0) {
    log.info(
      { cursors: behind, journalBeginsAbove: opening.trimmedSeq },
      'a reader was last noted before what the journal still has, and goes on from there: it had the rest, or is new, or an older copy',
    );
  }
}
