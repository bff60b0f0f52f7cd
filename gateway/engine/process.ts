import { decide } from '../../rules/decide.ts';
import type { Input } from '../../rules/step.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { deviceOf } from './intake.ts';
import {
  factsOf,
  isRepeated,
  judged,
  noteStep,
  type OpenedEntry,
  type Processing,
  UNJUDGED,
} from './judge-reading.ts';
import { type FoundProblem, foundToo, noteProblems } from './note-problems.ts';
import { notePlainReading, noteReading, repeatedProblems } from './note-reading.ts';
import { findSeen, type Identity, newestSeen } from './once.ts';
import { noteBeside, openEntry } from './open-entry.ts';
import { noteRemarks, type Outcome } from './outcome.ts';
import { RowsAtMost } from './quarantine-rows.ts';
import { findQuarantined } from './retries.ts';
import { stepRetry } from './step-retry.ts';
import { consumerOf, type Subject } from './subjects.ts';
import { HELD_A_BATCH } from './taken.ts';

/**
 * Entries decoded before they are judged: few enough that most of what was decoded has died before V8 copies it out of its
 * nursery, many enough to look up together what is not at hand.
 */
const ENTRIES_A_STRETCH = 500;
/** Bytes of readings that end a stretch: of what is packed, 500 entries could hold 500 MiB. */
const HELD_A_STRETCH = 4 * 1024 * 1024;
/** Readings that end it: of arrays, 500 entries could hold 500,000. */
const READINGS_A_STRETCH = 5_000;
/** Of a stretch while most of what comes is refused. */
const FEWEST_ENTRIES_A_STRETCH = 25;
/**
 * Rows of quarantine after which the rest waits for the next commit: some 25 ms, for which nobody else can write. The message that
 * comes to them goes beyond by 20 at most.
 */
const MOST_REFUSED = 1_000;
/** Verdicts and decisions after which it waits too: some 100 ms. What a device hands in after a day has one or the other each. */
const MOST_NOTED = 20_000;

/**
 * Takes a part of the journal through decoding, once-only, and rules. Changes `subjects` and `packets`; writes nothing.
 *
 * @param outcome what comes of it is added here
 * @param seen keys of identities that were stored before, or come from what `outcome` holds already; it grows
 * @returns how many of the entries were taken: not all where much is to be noted of them, or they hold much more than their payloads
 */
export async function processEntries(
  context: Processing,
  entries: readonly StoredEntry[],
  outcome: Outcome,
  seen: Set<string>,
): Promise<number> {
  const refused = new RowsAtMost();
  refused.look(outcome);
  const mostBytes = outcome.bytes + HELD_A_BATCH;
  for (let start = 0; start < entries.length; ) {
    const before = refused.rows;
    const length = stretchLength(MOST_REFUSED - before, context.refusals.rowsAnEntry);
    const part = entries.slice(start, start + length);
    const count = await processStretch(context, part, seen, outcome, refused);
    start += count;
    context.refusals.rowsAnEntry = (refused.rows - before) / count;
    const noted = outcome.verdicts.length + outcome.decisions.length;
    if (refused.rows >= MOST_REFUSED || noted >= MOST_NOTED || outcome.bytes >= mostBytes) return start;
  }
  return entries.length;
}

/** What there is no room for was decoded in vain: a stretch is as long as it may be if it is like the one before. */
function stretchLength(room: number, rowsAnEntry: number): number {
  return Math.min(Math.max(Math.floor(room / rowsAnEntry), FEWEST_ENTRIES_A_STRETCH), ENTRIES_A_STRETCH);
}

/** Returns how many of the entries were taken, one at least: the rest is left where much of them is refused, or they hold very much. */
async function processStretch(
  context: Processing,
  entries: readonly StoredEntry[],
  seen: Set<string>,
  outcome: Outcome,
  refused: RowsAtMost,
): Promise<number> {
  const { db, registry, subjects, packets, dialects } = context;
  const ids = entries.map(deviceOf);
  await registry.prepareDevices(new Set(ids.filter((id) => id !== null)));
  await dialects.prepare(entries);
  const taken: OpenedEntry[] = [];
  const owners = new Set<Subject>();
  let position = 0;
  let readings = 0;
  const mostBytes = outcome.bytes + HELD_A_STRETCH;
  for (const entry of entries) {
    if (outcome.bytes >= mostBytes || readings >= READINGS_A_STRETCH) break;
    const device = registry.device(ids[position++] ?? '');
    if (device === undefined || entry.seq <= device.erasedUpTo) {
      // The broker let it in, and the device was removed since: nobody is left to store it for, also where its id was given anew.
      continue;
    }
    owners.add(device.subject);
    const opened = openEntry(context, entry, device, outcome);
    readings += opened.readings.length;
    taken.push(opened);
  }
  await subjects.prepare(owners);
  await packets.prepare(taken.filter(({ byPacket }) => byPacket).map(({ entry }) => entry));
  await findSeen(db, await suspects(context, taken), seen);
  const again = taken.flatMap(({ beside }) => beside?.retry?.quarantineId ?? []);
  const quarantined = await findQuarantined(db, again);
  let stepped = 0;
  for (const item of taken) {
    stepped += 1;
    stepOpened(context, item, quarantined, seen, outcome);
    refused.look(outcome);
    if (refused.rows >= MOST_REFUSED && stepped < taken.length) {
      // Nothing of those behind it was noted; they come again.
      dialects.undoAfter(item.entry.seq);
      position = entries.indexOf(item.entry) + 1;
      break;
    }
  }
  outcome.counts.unknownDevice += position - stepped;
  return position;
}

/** Lets every subject whose timer is due at `now` take its tick; what comes of it is added to `outcome`. */
export async function processTicks(
  context: Processing,
  due: readonly Subject[],
  now: number,
  outcome: Outcome,
): Promise<void> {
  const { registry, subjects, ledger } = context;
  await subjects.prepare(due);
  await registry.prepareConsumers(due.flatMap((subject) => consumerOf(subject) ?? []));
  for (const subject of due) {
    const consumer = factsOf(registry, consumerOf(subject));
    const step = decide(registry.rulebook, subjects.memory(subject), { kind: 'tick', consumer }, now, ledger);
    subjects.set(subject, step.memory, step.wakeAt);
    noteStep(context, outcome, step, consumer);
  }
}

/** Identities that an earlier reading may have: a look-up is spared for whatever is newer than all before it. */
async function suspects(context: Processing, taken: readonly OpenedEntry[]): Promise<Identity[]> {
  const found: Identity[] = [];
  const unknown = new Set<string>();
  for (const { device, identities } of taken) {
    for (const identity of identities) {
      if (identity === null) continue;
      const newest = context.newestAt.get(device.key);
      if (newest === undefined) {
        unknown.add(device.key);
        continue;
      }
      if (identity.at <= newest) found.push(identity);
      else context.newestAt.set(device.key, identity.at);
    }
  }
  if (unknown.size === 0) return found;
  // First heard of since the start: what an earlier process stored may come again, all of it.
  for (const [key, at] of await newestSeen(context.db, [...unknown])) context.newestAt.set(key, at);
  return suspects(context, taken);
}

function stepOpened(
  context: Processing,
  taken: OpenedEntry,
  quarantined: ReadonlySet<string>,
  seen: Set<string>,
  outcome: Outcome,
): void {
  const { beside } = taken;
  if (beside !== null) noteBeside(outcome, taken, beside);
  const retry = beside?.retry ?? null;
  if (retry === null) stepEntry(context, taken, seen, outcome);
  else stepRetry(context, taken, retry, beside?.problems ?? [], quarantined, seen, outcome);
}

function stepEntry(context: Processing, taken: OpenedEntry, seen: Set<string>, outcome: Outcome): void {
  const { entry, device, readings, identities, byPacket, quality } = taken;
  const { registry, subjects, packets, shortWay } = context;
  const { subject } = device;
  const consumer = factsOf(registry, device.consumerId);
  const packetRepeats = byPacket && packets.take(entry, device.key);
  quality.readings += readings.length;
  let found: FoundProblem[] | null = null;
  let position = 0;
  for (const numbered of readings) {
    const index = numbered.seq - entry.seq;
    outcome.counts.readings += 1;
    const identity = identities[position++] ?? null;
    if (identity === null ? packetRepeats : isRepeated(identity, seen)) {
      outcome.counts.duplicates += 1;
      quality.note('duplicate', '', entry.receivedAt);
      found = foundToo(found, repeatedProblems(context, taken, numbered), index);
      outcome.verdicts.push({ seq: numbered.seq, verdict: { kind: 'not_stored' } });
      continue;
    }
    if (identity !== null) outcome.identities.push(identity);
    const remarks = shortWay.take(device, numbered.reading, entry.receivedAt);
    if (remarks !== null) {
      noteRemarks(outcome, quality, remarks, entry.receivedAt);
      notePlainReading(outcome, numbered, taken);
      continue;
    }
    const input: Input = {
      kind: 'reading',
      device,
      consumer,
      reading: numbered.reading,
      readingId: String(numbered.seq),
    };
    const step = judged(context, subjects.memory(subject), input, entry.receivedAt);
    if (step === null) {
      found = foundToo(found, [UNJUDGED], index);
      outcome.verdicts.push({ seq: numbered.seq, verdict: { kind: 'not_stored' } });
      continue;
    }
    subjects.set(subject, step.memory, step.wakeAt);
    shortWay.judged(device);
    found = foundToo(found, step.problems, index);
    noteRemarks(outcome, quality, step.remarks, entry.receivedAt);
    noteStep(context, outcome, step, consumer);
    noteReading(outcome, step, numbered, taken);
  }
  if (found !== null) noteProblems(outcome, entry, quality, found, readings.length);
}
