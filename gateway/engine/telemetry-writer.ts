import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { createDoorbell } from '../doorbell.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import type { RejectedPoint, TelemetryStore } from '../telemetry/telemetry-store.ts';
import { readCursor, writeCursor } from './commit.ts';
import { createHandedOver } from './handed-over.ts';
import type { Registry } from './registry.ts';
import { readAgain, type Stretch } from './stretch.ts';

/** Points that may wait before the engine is asked to wait too: what has to be read again costs its decoding twice. */
const POINTS_IN_ROOM = 20_000;
/** The same in bytes of readings: as much as one commit may hold. */
const BYTES_IN_ROOM = 24 * 1024 * 1024;
/** A store that neither takes nor refuses must not hold up the rules. */
const LONGEST_WAIT_FOR_ROOM_MS = 1_000;
/**
 * Points stored between two notes of the cursor, which cost a commit each. After a crash so many are written anew at most: a
 * store leaves out what it has, or takes it under the same timestamps.
 */
const POINTS_A_NOTE = 30_000;
const NOTE_WHEN_QUIET_MS = 500;

/** Before records that took nothing are asked again. */
const RECORDS_AGAIN_MS = 1_000;
/** Between two looks for a store that is away while nothing waits for it. */
const LOOK_AGAIN_MS = 2_000;

/**
 * Carries readings from the engine to the telemetry store, with a cursor of its own. A store that is away holds up nothing
 * else: what does not fit in memory meanwhile is read from the journal again, as the engine's verdicts say.
 */
export interface TelemetryWriter {
  start(): Promise<void>;
  /** Writes what is waiting if the store takes it at once, then ends. What is left is written after the next start. */
  stop(): Promise<void>;
  /**
   * Resolves once the store has most of what it was offered, and within 1 s; at once where it is away, or has to catch up with
   * more than that.
   */
  room(): Promise<void>;
  /** Hands over what the engine has committed, in order. */
  offer(stretch: Stretch): void;
  /** Journal sequence up to which everything is stored. */
  readonly storedSeq: number;
  /** What the store said last when it did not take a batch, or null while it does. */
  readonly trouble: string | null;
  /** Readings since the start that the store will never take. */
  readonly refused: number;
  /**
   * Writes nothing under this device key any more; resolves when nothing of it is on its way. Call what it gives once no point
   * of it can come again.
   */
  leaveOut(deviceKey: string): Promise<() => void>;
}

export interface TelemetryWriterParts {
  readonly db: Kysely<Schema>;
  readonly store: TelemetryStore;
  /** Of the writer's own. */
  readonly reader: JournalReader;
  readonly registry: Registry;
  readonly log: Logger;
  /** Called for points that the store will never take. */
  readonly onRejected: (rejected: readonly RejectedPoint[]) => Promise<void>;
  /** How far the engine has committed. */
  readonly engineSeq: () => number;
}

export function createTelemetryWriter(parts: TelemetryWriterParts): TelemetryWriter {
  const { db, store, reader, registry, log } = parts;
  const cursorName = `telemetry:${store.name}`;
  const waiting = createHandedOver();
  let storedSeq = 0;
  let notedSeq = 0;
  let pointsSinceNote = 0;
  let trouble: string | null = null;
  let refused = 0;
  /** What is written comes from the journal; what the engine hands over waits behind it, and the engine for none of it. */
  let catchingUp = false;
  /** Keys of devices that are being erased. */
  const leavingOut = new Set<string>();
  let underWay: Promise<unknown> = Promise.resolve();
  let stopping = false;
  const work = createDoorbell();
  const stop = createDoorbell();
  let room: PromiseWithResolvers<void> | null = null;
  let running: Promise<void> = Promise.resolve();

  /** What comes after `afterSeq`: what the engine handed over, else from the journal again. */
  async function next(afterSeq: number): Promise<Stretch | null> {
    const until = waiting.afterSeq ?? parts.engineSeq();
    catchingUp = afterSeq < until;
    if (catchingUp) {
      giveRoom();
      return readAgain({ db, reader, registry }, afterSeq, until);
    }
    if (waiting.afterSeq === null) return null;
    const stretch = waiting.take();
    if (hasRoom()) giveRoom();
    return stretch;
  }

  function hasRoom(): boolean {
    return waiting.points <= POINTS_IN_ROOM && waiting.bytes <= BYTES_IN_ROOM;
  }

  async function write(stretch: Stretch): Promise<void> {
    let { points } = stretch;
    for (;;) {
      // The same list as before where nothing is left out: by it a store knows that it is to go on where it was.
      if (leavingOut.size > 0 && points.some(({ deviceKey }) => leavingOut.has(deviceKey)))
        points = points.filter(({ deviceKey }) => !leavingOut.has(deviceKey));
      const writing = store.write(points, stretch.upToSeq);
      underWay = writing;
      const outcome = await writing;
      if (outcome.kind === 'stored') {
        // A store may take a batch without a point unasked, whether its server is there or not.
        if (points.length > 0) recovered();
        refused += outcome.rejected.length;
        if (outcome.rejected.length > 0) await untilDone(() => parts.onRejected(outcome.rejected));
        storedSeq = stretch.upToSeq;
        pointsSinceNote += stretch.points.length;
        if (pointsSinceNote >= POINTS_A_NOTE) await note();
        return;
      }
      troubled(outcome.message);
      if (stopping) return;
      await stop.rung(outcome.afterMs);
      if (stopping) return;
    }
  }

  function recovered(): void {
    if (trouble !== null) log.info({ store: store.name }, 'telemetry store takes readings again');
    trouble = null;
  }

  function troubled(reason: string): void {
    if (trouble === null) {
      log.warn(
        { store: store.name, reason },
        'telemetry store does not take readings; the journal keeps them',
      );
    }
    trouble = reason;
    giveRoom();
  }

  /** Whether the store is there, asked while nothing waits for it: the operator learns it before the first reading does. */
  async function look(): Promise<void> {
    const found = await store.probe();
    if (found.ok) recovered();
    else troubled(found.message);
  }

  /** Writes down how far the store is, for a start that the store itself can't tell it, and drops verdicts that served. */
  async function note(): Promise<void> {
    if (storedSeq === notedSeq) return;
    await untilDone(writeNote);
  }

  async function writeNote(): Promise<void> {
    await db.transaction().execute(async (transaction) => {
      await writeCursor(transaction, cursorName, storedSeq);
      await transaction.deleteFrom('reading_verdicts').where('seq', '<=', storedSeq).execute();
    });
    notedSeq = storedSeq;
    pointsSinceNote = 0;
  }

  /** What the records don't take (their disk is full) is tried again; the store's own batch is not touched by it. */
  async function untilDone(work: () => Promise<void>): Promise<void> {
    for (let hasFailed = false; ; hasFailed = true) {
      try {
        await work();
        // What it is in trouble for otherwise is the store's, and not over by this.
        if (hasFailed) recovered();
        return;
      } catch (error) {
        troubled(`what it has can't be recorded: ${error instanceof Error ? error.message : String(error)}`);
        if (stopping) return;
        await stop.rung(RECORDS_AGAIN_MS);
      }
    }
  }

  function giveRoom(): void {
    room?.resolve();
    room = null;
  }

  /** While a stretch is written, the one behind it is read from the journal, if that is where it must come from. */
  function readAhead(afterSeq: number): Promise<Stretch | null> | null {
    const isBehind = afterSeq < (waiting.afterSeq ?? parts.engineSeq());
    return isBehind && trouble === null && !stopping ? next(afterSeq) : null;
  }

  async function run(): Promise<void> {
    await look();
    let ahead: Promise<Stretch | null> | null = null;
    for (;;) {
      const stretch = await (ahead ?? next(storedSeq));
      ahead = null;
      if (stretch !== null) {
        ahead = readAhead(stretch.upToSeq);
        // Whoever fails first ends the run; the other's failure is then no news.
        ahead?.catch(() => undefined);
        await write(stretch);
        if (stopping && trouble !== null) return;
      } else {
        if (stopping) return note();
        if (trouble === null) {
          if (storedSeq === notedSeq) await work.rung();
          else if (!(await work.rung(NOTE_WHEN_QUIET_MS))) await note();
        } else {
          await stop.rung(LOOK_AGAIN_MS);
          if (!stopping) await look();
        }
      }
    }
  }

  return {
    async start() {
      await store.start();
      storedSeq = (await store.storedSeq()) ?? (await readCursor(db, cursorName));
      running = run();
      // A failure here is a bug or a dead records file; the thread ends, and the gateway with it.
      running.catch((error: unknown) => {
        log.fatal({ err: error }, 'telemetry writer failed');
        throw error;
      });
    },
    async stop() {
      stopping = true;
      giveRoom();
      stop.ring();
      work.ring();
      await running;
      await store.stop();
    },
    async room() {
      if (hasRoom() || trouble !== null || catchingUp || stopping) return;
      room ??= Promise.withResolvers();
      const timer = setTimeout(giveRoom, LONGEST_WAIT_FOR_ROOM_MS);
      await room.promise;
      clearTimeout(timer);
    },
    offer(stretch) {
      waiting.add(stretch);
      if (hasRoom()) giveRoom();
      work.ring();
    },
    get storedSeq() {
      return storedSeq;
    },
    get trouble() {
      return trouble;
    },
    get refused() {
      return refused;
    },
    async leaveOut(deviceKey) {
      leavingOut.add(deviceKey);
      await underWay;
      return () => leavingOut.delete(deviceKey);
    },
  };
}
