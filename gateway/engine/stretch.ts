import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { JournalReader, StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import type { TelemetryPoint } from '../telemetry/telemetry-store.ts';
import { statefulCodecOf } from './decode-payload.ts';
import { deviceOf, takeIn } from './intake.ts';
import { pointOf, type Verdict } from './outcome.ts';
import type { Registry } from './registry.ts';

/** A part of the journal as the telemetry store is to have it. */
export interface Stretch {
  readonly afterSeq: number;
  readonly upToSeq: number;
  readonly points: readonly TelemetryPoint[];
}

/** Enough to make a store fast; held in memory twice over, while one is written and the next is read. */
const POINTS_A_STRETCH = 10_000;
/** Decoded in one go, some 3 ms: the rules, on the same thread, wait for no longer than that. */
const ENTRIES_AT_ONCE = 250;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

export interface ReadAgainParts {
  readonly db: Kysely<Schema>;
  /** Of its own: two that read at different places of the journal through one would read each segment again and again. */
  readonly reader: JournalReader;
  readonly registry: Registry;
}

/**
 * Makes the same points that the engine made, from the journal and the engine's verdicts. Between its parts the engine comes to
 * its turn, so that catching up does not hold up what is new.
 *
 * @param until how far the engine has committed
 */
export async function readAgain(parts: ReadAgainParts, afterSeq: number, until: number): Promise<Stretch> {
  const points: TelemetryPoint[] = [];
  let upToSeq = afterSeq;
  while (upToSeq < until && points.length < POINTS_A_STRETCH) {
    const read = await parts.reader.read(upToSeq, ENTRIES_AT_ONCE, BYTES_AT_ONCE);
    const entries = read.filter((entry) => entry.seq <= until);
    const last = entries.at(-1);
    // Sequences without an entry (set aside for readings that were not there) end the stretch at `until`.
    const end = last === undefined || entries.length < read.length ? until : last.seq + last.span - 1;
    await decode(parts, entries, upToSeq, end, points);
    upToSeq = end;
    await nextTurn();
  }
  return { afterSeq, upToSeq, points };
}

async function decode(
  { db, registry }: ReadAgainParts,
  entries: readonly StoredEntry[],
  afterSeq: number,
  upToSeq: number,
  points: TelemetryPoint[],
): Promise<void> {
  await registry.prepareDevices(entries.flatMap((entry) => deviceOf(entry) ?? []));
  const rows = await db
    .selectFrom('reading_verdicts')
    .selectAll()
    .where('seq', '>', afterSeq)
    .where('seq', '<=', upToSeq)
    .execute();
  const verdicts = new Map(rows.map((row) => [row.seq, JSON.parse(row.verdict_json) as Verdict]));
  for (const entry of entries) {
    const device = registry.device(deviceOf(entry) ?? '');
    if (device === undefined || entry.seq <= device.erasedUpTo) continue;
    const { readings, retry } = takeIn(entry);
    const receivedAt = retry?.receivedAt ?? entry.receivedAt;
    if (statefulCodecOf(retry?.topic ?? entry.topic) !== null) {
      points.push(...notedPoints(entry, verdicts, device.key, receivedAt));
    }
    for (const { seq, reading } of readings) {
      const verdict = verdicts.get(seq);
      if (verdict?.kind === 'not_stored') continue;
      const stored = verdict?.reading ?? { ...reading, at: reading.at ?? receivedAt, flags: [] };
      points.push(pointOf(device.key, seq, receivedAt, stored));
    }
  }
}

/** What can't be decoded again from the entry alone, the engine noted reading by reading. */
function notedPoints(
  { seq, span }: StoredEntry,
  verdicts: ReadonlyMap<number, Verdict>,
  deviceKey: string,
  receivedAt: number,
): TelemetryPoint[] {
  const points: TelemetryPoint[] = [];
  for (let own = seq; own < seq + span; own += 1) {
    const verdict = verdicts.get(own);
    if (verdict?.kind === 'stored_as') points.push(pointOf(deviceKey, own, receivedAt, verdict.reading));
  }
  return points;
}
