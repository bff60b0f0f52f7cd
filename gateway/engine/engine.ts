import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { JournalReader, StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import { type CommitContext, commitOutcome, ENGINE_CURSOR, readCursor } from './commit.ts';
import { createDialectStates } from './dialect-states.ts';
import type { Processing } from './judge-reading.ts';
import type { EngineLedger } from './ledger.ts';
import { lastDayHeard } from './once.ts';
import { addCounts, noCounts, type Outcome } from './outcome.ts';
import { createPacketMemory } from './packet-memory.ts';
import { processEntries, processTicks } from './process.ts';
import type { RecordedDecision } from './recorded-decision.ts';
import type { Registry } from './registry.ts';
import { createShortWay } from './short-way.ts';
import type { Subjects } from './subjects.ts';
import { BYTES_A_BATCH, ENTRIES_A_BATCH, mayWait, nothingTaken, type Taken } from './taken.ts';
import type { TelemetryWriter } from './telemetry-writer.ts';

/** While readings keep coming, batches begin at least this far apart. A reading that comes alone is taken at once. */
const BATCH_EVERY_MS = 50;
/** A batch of this many means that more is waiting: the next one begins at once. */
const ENTRIES_OF_A_BACKLOG = ENTRIES_A_BATCH / 2;
/** Pause before a batch whose commit failed is taken again. */
const COMMIT_RETRY_MS = 500;
/** setTimeout takes at most 2^31 - 1 ms. */
const LONGEST_TIMER_MS = 2_000_000_000;

/** What happened, for the live stream, the device and the outbox; told after it was committed. */
export interface EngineNews {
  readonly outcome: Outcome;
  readonly decisions: readonly RecordedDecision[];
}

export interface EngineParts {
  readonly db: Kysely<Schema>;
  readonly registry: Registry;
  readonly subjects: Subjects;
  readonly ledger: EngineLedger;
  readonly reader: JournalReader;
  readonly writer: TelemetryWriter;
  readonly clock: Clock;
  readonly realNow: () => number;
  readonly newId: () => string;
  readonly log: Logger;
  readonly onNews: (news: EngineNews) => void;
}

/** Takes the journal through the rules, one batch at a time, and keeps the timers of visits. */
export class Engine {
  readonly #parts: EngineParts;
  readonly #processing: Processing;
  readonly #commit: CommitContext;
  readonly counts = noCounts();
  #seq = 0;
  #taken: Taken = nothingTaken(0);
  /** Real time, epoch ms. */
  #nextBatchAt = 0;
  #trouble: string | null = null;
  /** What is held of people and sends goes beyond what was committed. */
  #isStale = false;
  /** All work is done in one chain, so that nothing sees a batch half done. */
  #work: Promise<void> = Promise.resolve();
  #drains: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { db, registry, subjects, ledger, log, realNow, newId } = parts;
    const packets = createPacketMemory(db);
    const dialects = createDialectStates(db);
    const shortWay = createShortWay(registry, subjects);
    const newestAt = new Map<string, number>();
    const refusals = { rowsAnEntry: 0 };
    this.#processing = {
      db,
      registry,
      subjects,
      packets,
      dialects,
      ledger,
      shortWay,
      log,
      newestAt,
      refusals,
    };
    this.#commit = {
      db,
      subjects,
      packets,
      dialects,
      ledger,
      realNow,
      newId,
      lastDecisionId: 0,
      lastSeenDay: null,
    };
  }

  /** Journal sequence up to which everything was taken and committed. */
  get seq(): number {
    return this.#seq;
  }

  /** Why the engine does not get on, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  async start(): Promise<void> {
    const { db } = this.#parts;
    this.#seq = await readCursor(db, ENGINE_CURSOR);
    this.#taken = nothingTaken(this.#seq);
    const newest = await db
      .selectFrom('decisions')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    this.#commit.lastDecisionId = newest?.id ?? 0;
    this.#commit.lastSeenDay = await lastDayHeard(db);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#drains;
    await this.#enqueue(async () => {
      await this.#attempt(() => this.#commitTaken());
    });
  }

  /** Takes all that is in the journal; resolves when nothing is left. */
  drain(): Promise<void> {
    const drained = this.#drains.then(() => this.#takeAll());
    this.#drains = drained.catch(() => undefined); // whoever asked is told
    return drained;
  }

  /** Takes all that is in the journal, and then does what has fallen due until now. */
  async catchUp(): Promise<void> {
    await this.drain();
    await this.#enqueue(async () => {
      await this.#attempt(async () => {
        await this.#takeTicks(this.#parts.clock.now());
        await this.#commitTaken();
      });
      this.#setTimer();
    });
  }

  /** Each batch is a task of its own, so that what waits (`between`) comes to its turn under any load. */
  async #takeAll(): Promise<void> {
    let more = true;
    while (more && !this.#stopping) {
      await this.#pause();
      await this.#enqueue(async () => {
        more = await this.#takeBatch();
      });
      // Questions from the other threads are answered between batches.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#parts.writer.room();
    }
    this.#setTimer();
  }

  async #pause(): Promise<void> {
    const leftMs = this.#nextBatchAt - this.#parts.realNow();
    // No longer than that, should the clock be set back.
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, BATCH_EVERY_MS)));
  }

  /**
   * Forgets what is at hand beside the subjects when somebody is erased: the newest time and the latest packets of their devices, and
   * the memories that the short way holds. Between batches.
   *
   * @param deviceKeys none for a person without devices, whose memory is held all the same
   */
  forget(deviceKeys: readonly string[]): void {
    for (const key of deviceKeys) {
      this.#processing.newestAt.delete(key);
      this.#processing.packets.forgetDevice(key);
    }
    this.#processing.shortWay.forget();
  }

  /** Runs `task` between batches, when all that was taken is committed, or dropped to be taken again: it may save what is held of people. */
  between(task: () => Promise<void>): Promise<void> {
    return this.#enqueue(async () => {
      while (!(await this.#attempt(() => this.#commitTaken())))
        if (this.#stopping) throw new Error('the engine stops before it could get on');
      await task();
    });
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.#work.then(task);
    this.#work = done.catch((error: unknown) => {
      this.#parts.log.error({ err: error }, 'engine task failed');
    });
    return done;
  }

  /** Returns whether there may be more to do. */
  async #takeBatch(): Promise<boolean> {
    const { reader, realNow } = this.#parts;
    let entries: readonly StoredEntry[] = [];
    const couldRead = await this.#attempt(async () => {
      entries = await reader.read(this.#taken.upToSeq, ENTRIES_A_BATCH, BYTES_A_BATCH);
    });
    if (!couldRead) return !this.#stopping;
    const taken = this.#taken;
    const newest = entries.at(-1);
    if (newest === undefined) return !(await this.#attempt(() => this.#commitTaken()));
    const began = realNow();
    this.#nextBatchAt = entries.length < ENTRIES_OF_A_BACKLOG ? began + BATCH_EVERY_MS : 0;
    await this.#attempt(async () => {
      const count = await processEntries(this.#processing, entries, taken.outcome, taken.seen);
      const last = entries[count - 1] ?? newest;
      if (count < entries.length) this.#nextBatchAt = 0;
      this.#note(last.receivedAt, last.seq + last.span - 1, count, began);
      await this.#takeTicks(last.receivedAt);
      if (!mayWait(taken, count, realNow())) await this.#commitTaken();
    });
    return true;
  }

  async #takeTicks(now: number): Promise<void> {
    const due = this.#parts.subjects.takeDue(now);
    if (due.length === 0) return;
    await processTicks(this.#processing, due, now, this.#taken.outcome);
    this.#note(now, this.#taken.upToSeq, 0, this.#parts.realNow());
  }

  #note(now: number, upToSeq: number, entries: number, began: number): void {
    const taken = this.#taken;
    if (taken.now === -Infinity) taken.since = began;
    taken.now = Math.max(taken.now, now);
    taken.upToSeq = upToSeq;
    taken.entries += entries;
  }

  async #commitTaken(): Promise<void> {
    const { onNews, writer } = this.#parts;
    const { outcome, upToSeq, now } = this.#taken;
    if (now === -Infinity) {
      this.#getsOn();
      return;
    }
    const decisions = await commitOutcome(this.#commit, outcome, now, upToSeq);
    const afterSeq = this.#seq;
    this.#seq = upToSeq;
    this.#taken = nothingTaken(upToSeq);
    addCounts(this.counts, outcome.counts);
    this.#getsOn();
    if (upToSeq > afterSeq) writer.offer({ afterSeq, upToSeq, points: outcome.points, bytes: outcome.bytes });
    onNews({ outcome, decisions });
  }

  #getsOn(): void {
    if (this.#trouble !== null) this.#parts.log.info('engine goes on');
    this.#trouble = null;
  }

  /** Where it fails, all that was not committed is forgotten, to be taken again after a pause. Returns whether it did not. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    const { log, subjects, ledger } = this.#parts;
    try {
      if (this.#isStale) {
        // Within the attempt: nothing is judged by what could not be read anew.
        await subjects.forget();
        await ledger.forget();
        this.#isStale = false;
      }
      await work();
      return true;
    } catch (error) {
      if (this.#trouble === null) log.error({ err: error }, 'engine does not get on; it tries again');
      this.#trouble = error instanceof Error ? error.message : String(error);
      await new Promise((resolve) => setTimeout(resolve, COMMIT_RETRY_MS));
      this.#taken = nothingTaken(this.#seq);
      this.#processing.newestAt.clear();
      this.#processing.packets.forget();
      this.#processing.dialects.forget();
      this.#processing.shortWay.forget();
      this.#isStale = true;
      return false;
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const { clock, subjects } = this.#parts;
    // A tick that failed is known again only once the subjects are read anew, which the next attempt does.
    const wakeAt = this.#isStale ? clock.now() : subjects.nextWakeAt();
    if (wakeAt === null || this.#stopping) return;
    const realMs = Math.max(0, wakeAt - clock.now()) / clock.timeScale;
    this.#timer = setTimeout(
      () => {
        this.catchUp().catch((error: unknown) => this.#parts.log.error({ err: error }, 'timers failed'));
      },
      Math.min(realMs, LONGEST_TIMER_MS),
    );
  }
}
