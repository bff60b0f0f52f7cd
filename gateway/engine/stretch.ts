import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { JournalReader, StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import type { TelemetryPoint } from '../telemetry/telemetry-store.ts';
import { statefulCodecOf } from './decode-payload.ts';
import { heldBytes, isTerse, readingBytes } from './held-bytes.ts';
import { deviceOf, takeIn } from './intake.ts';
import { pointOf, type Verdict } from './outcome.ts';
import type { Registry } from './registry.ts';
import { isRetry } from './retry-entry.ts';

/** A part of the journal as the telemetry store is to have it. */
export interface Stretch {
  readonly afterSeq: number;
  readonly upToSeq: number;
  readonly points: readonly TelemetryPoint[];
  /** What the points count for where they are held (held-bytes.ts). */
  readonly bytes: number;
}

/** Enough to make a store fast; held in memory twice over, while one is written and the next is read. */
const POINTS_A_STRETCH = 10_000;
/** The same of large readings; one message goes beyond it at most. */
const BYTES_A_STRETCH = 8 * 1024 * 1024;
/** Decoded in one go, some 3 ms: the rules, on the same thread, wait for no longer than that. */
const ENTRIES_AT_ONCE = 250;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

export interface ReadAgainParts {
  readonly db: Kysely<Schema>;
  /** Of its own: two that read at different places of the journal through one would read each segment again and again. */
  readonly reader: JournalReader;
  readonly registry: Registry;
}

/** A stretch that is being made. */
interface Growing extends Stretch {
  upToSeq: number;
  readonly points: TelemetryPoint[];
  bytes: number;
}

/**
 * Makes the same points that the engine made, from the journal and the engine's verdicts. Between its parts the engine comes to
 * its turn, so that catching up does not hold up what is new.
 *
 * @param until how far the engine has committed
 */
export async function readAgain(parts: ReadAgainParts, afterSeq: number, until: number): Promise<Stretch> {
  const stretch: Growing = { afterSeq, upToSeq: afterSeq, points: [], bytes: 0 };
  while (stretch.upToSeq < until && !isFull(stretch)) {
    const read = await parts.reader.read(stretch.upToSeq, ENTRIES_AT_ONCE, BYTES_AT_ONCE);
    const entries = read.filter((entry) => entry.seq <= until);
    const last = entries.at(-1);
    // Sequences without an entry (set aside for readings that were not there) end the stretch at `until`.
    const end = last === undefined || entries.length < read.length ? until : lastSeqOf(last);
    await decode(parts, entries, end, stretch);
    await nextTurn();
  }
  return stretch;
}

function isFull({ points, bytes }: Stretch): boolean {
  return points.length >= POINTS_A_STRETCH || bytes >= BYTES_A_STRETCH;
}

function lastSeqOf({ seq, span }: StoredEntry): number {
  return seq + span - 1;
}

/** Adds what entries hold to a stretch, as far as it takes them. @param end sequence up to which all of them go */
async function decode(
  { db, registry }: ReadAgainParts,
  entries: readonly StoredEntry[],
  end: number,
  stretch: Growing,
): Promise<void> {
  await registry.prepareDevices(entries.flatMap((entry) => deviceOf(entry) ?? []));
  const part = await withinBounds(db, entries, end, stretch.upToSeq);
  const rows = await db
    .selectFrom('reading_verdicts')
    .selectAll()
    .where('seq', '>', stretch.upToSeq)
    .where('seq', '<=', part.end)
    .execute();
  const verdicts = new Map(rows.map((row) => [row.seq, JSON.parse(row.verdict_json) as Verdict]));
  for (const entry of part.entries) {
    if (isFull(stretch)) return;
    addPoints(registry, entry, verdicts, stretch);
    stretch.upToSeq = lastSeqOf(entry);
  }
  stretch.upToSeq = part.end;
}

/**
 * The entries, or as many as have verdicts of no more text than a stretch may hold: of what can't be decoded again from the entry alone
 * these are the readings themselves. Where payloads tell how long they can be, nobody looks.
 */
async function withinBounds(
  db: Kysely<Schema>,
  entries: readonly StoredEntry[],
  end: number,
  afterSeq: number,
): Promise<{ readonly entries: readonly StoredEntry[]; readonly end: number }> {
  let part = { entries, end };
  while (part.entries.length > 1 && part.entries.some((entry) => isRetry(entry) || isTerse(entry))) {
    const found = await db
      .selectFrom('reading_verdicts')
      .select(sql<number | null>`sum(octet_length(verdict_json))`.as('bytes'))
      .where('seq', '>', afterSeq)
      .where('seq', '<=', part.end)
      .executeTakeFirst();
    if ((found?.bytes ?? 0) <= BYTES_A_STRETCH) break;
    const half = part.entries.slice(0, Math.ceil(part.entries.length / 2));
    const last = half.at(-1);
    part = { entries: half, end: last === undefined ? end : lastSeqOf(last) };
  }
  return part;
}

function addPoints(
  registry: Registry,
  entry: StoredEntry,
  verdicts: ReadonlyMap<number, Verdict>,
  stretch: Growing,
): void {
  const device = registry.device(deviceOf(entry) ?? '');
  if (device === undefined || entry.seq <= device.erasedUpTo) return;
  const { readings, retry } = takeIn(entry);
  const receivedAt = retry?.receivedAt ?? entry.receivedAt;
  const message = retry ?? entry;
  stretch.bytes += heldBytes(message, readings);
  if (statefulCodecOf(message.topic) !== null) addNoted(entry, verdicts, device.key, receivedAt, stretch);
  for (const { seq, reading } of readings) {
    const verdict = verdicts.get(seq);
    if (verdict?.kind === 'not_stored') continue;
    const stored = verdict?.reading ?? { ...reading, at: reading.at ?? receivedAt, flags: [] };
    stretch.points.push(pointOf(device.key, seq, receivedAt, stored));
  }
}

/** What can't be decoded again from the entry alone, the engine noted reading by reading. */
function addNoted(
  entry: StoredEntry,
  verdicts: ReadonlyMap<number, Verdict>,
  deviceKey: string,
  receivedAt: number,
  stretch: Growing,
): void {
  for (let seq = entry.seq; seq <= lastSeqOf(entry); seq += 1) {
    const verdict = verdicts.get(seq);
    if (verdict?.kind !== 'stored_as') continue;
    stretch.points.push(pointOf(deviceKey, seq, receivedAt, verdict.reading));
    stretch.bytes += readingBytes(verdict.reading);
  }
}
