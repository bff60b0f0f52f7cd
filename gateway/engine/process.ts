import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { decide } from '../../rules/decide.ts';
import type { Memory } from '../../rules/memory.ts';
import type { ReadingProblem } from '../../rules/reading.ts';
import type { ConsumerFacts, Input, Step } from '../../rules/step.ts';
import type { StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import { deviceOf, type NumberedReading, takeIn } from './intake.ts';
import { findSeen, type Identity, identityKey, identityOf } from './once.ts';
import { noteProblems, type Outcome, pointOf } from './outcome.ts';
import type { PacketMemory } from './packet-memory.ts';
import type { KnownDevice, Registry } from './registry.ts';
import { consumerOf, type Subject, type Subjects } from './subjects.ts';

/** What a step works with. */
export interface Processing {
  readonly db: Kysely<Schema>;
  readonly registry: Registry;
  readonly subjects: Subjects;
  readonly packets: PacketMemory;
  readonly log: Logger;
  /** Newest given `at` by device key since the start: what is newer can't be a repetition, and needs no look-up. */
  readonly newestAt: Map<string, number>;
}

/**
 * Entries decoded before they are judged: few enough that most of what was decoded has died before V8 copies it out of its
 * nursery, many enough to look up together what is not at hand.
 */
const ENTRIES_A_STRETCH = 500;

interface Taken {
  readonly entry: StoredEntry;
  readonly device: KnownDevice;
  readonly readings: readonly NumberedReading[];
  /** Of the reading at the same place; null where it has no time of its own. */
  readonly identities: readonly (Identity | null)[];
  /** Whether a repetition is known by its packet: a reading has no time of its own, and QoS 0 has no packet id. */
  readonly byPacket: boolean;
}

/**
 * Takes a part of the journal through decoding, once-only, and rules. Changes `subjects` and `packets`; writes nothing.
 *
 * @param outcome what comes of it is added here
 * @param seen keys of identities that were stored before, or come from what `outcome` holds already; it grows
 */
export async function processEntries(
  context: Processing,
  entries: readonly StoredEntry[],
  outcome: Outcome,
  seen: Set<string>,
): Promise<void> {
  for (let start = 0; start < entries.length; start += ENTRIES_A_STRETCH) {
    await processStretch(context, entries.slice(start, start + ENTRIES_A_STRETCH), seen, outcome);
  }
}

async function processStretch(
  context: Processing,
  entries: readonly StoredEntry[],
  seen: Set<string>,
  outcome: Outcome,
): Promise<void> {
  const { db, registry, subjects, packets } = context;
  const ids = entries.map(deviceOf);
  await registry.prepareDevices(new Set(ids.filter((id) => id !== null)));
  const taken: Taken[] = [];
  const owners = new Set<Subject>();
  let position = 0;
  for (const entry of entries) {
    const device = registry.device(ids[position++] ?? '');
    if (device === undefined) {
      // The broker let it in, and the device was removed since: nobody is left to store it for.
      outcome.counts.unknownDevice += 1;
      continue;
    }
    owners.add(device.subject);
    taken.push(decodeEntry(entry, device, outcome));
  }
  await subjects.prepare(owners);
  await packets.prepare(taken.filter(({ byPacket }) => byPacket).map(({ entry }) => entry));
  await findSeen(db, suspects(context, taken), seen);
  for (const item of taken) stepEntry(context, item, seen, outcome);
}

/** Lets every subject whose timer is due at `now` take its tick; what comes of it is added to `outcome`. */
export async function processTicks(
  context: Processing,
  due: readonly Subject[],
  now: number,
  outcome: Outcome,
): Promise<void> {
  const { registry, subjects } = context;
  await subjects.prepare(due);
  await registry.prepareConsumers(due.flatMap((subject) => consumerOf(subject) ?? []));
  for (const subject of due) {
    const consumer = factsOf(registry, consumerOf(subject));
    const step = decide(registry.rulebook, subjects.memory(subject), { kind: 'tick', consumer }, now);
    subjects.set(subject, step.memory, step.wakeAt);
    noteStep(outcome, step, consumer);
  }
}

function decodeEntry(entry: StoredEntry, device: KnownDevice, outcome: Outcome): Taken {
  const { readings, problems } = takeIn(entry);
  noteProblems(outcome, entry, device.id, problems);
  const identities = readings.map(({ reading }) => identityOf(device.key, reading));
  return { entry, device, readings, identities, byPacket: entry.qos > 0 && identities.includes(null) };
}

/** Identities that an earlier reading may have: a look-up is spared for whatever is newer than all before it. */
function suspects(context: Processing, taken: readonly Taken[]): Identity[] {
  const found: Identity[] = [];
  for (const { device, identities } of taken) {
    for (const identity of identities) {
      if (identity === null) continue;
      const newest = context.newestAt.get(device.key);
      if (newest === undefined || identity.at <= newest) found.push(identity);
      if (newest === undefined || identity.at > newest) context.newestAt.set(device.key, identity.at);
    }
  }
  return found;
}

function stepEntry(context: Processing, taken: Taken, seen: Set<string>, outcome: Outcome): void {
  const { entry, device, readings, identities, byPacket } = taken;
  const { registry, subjects, packets } = context;
  const { subject } = device;
  const consumer = factsOf(registry, device.consumerId);
  const packetRepeats = byPacket && packets.take(entry);
  let position = 0;
  for (const numbered of readings) {
    outcome.counts.readings += 1;
    const identity = identities[position++] ?? null;
    if (identity === null ? packetRepeats : isRepeated(identity, seen)) {
      outcome.counts.duplicates += 1;
      outcome.verdicts.push({ seq: numbered.seq, verdict: { kind: 'not_stored' } });
      continue;
    }
    if (identity !== null) outcome.identities.push(identity);
    const input: Input = {
      kind: 'reading',
      device,
      consumer,
      reading: numbered.reading,
      readingId: String(numbered.seq),
    };
    const step = judged(context, subjects.memory(subject), input, entry.receivedAt);
    if (step === null) {
      noteProblems(outcome, entry, device.id, [UNJUDGED]);
      outcome.verdicts.push({ seq: numbered.seq, verdict: { kind: 'not_stored' } });
      continue;
    }
    subjects.set(subject, step.memory, step.wakeAt);
    noteProblems(outcome, entry, device.id, step.problems);
    noteStep(outcome, step, consumer);
    noteReading(outcome, step, numbered, entry, device);
  }
}

/** Notes an identity, and says whether it was there before. */
function isRepeated(identity: Identity, seen: Set<string>): boolean {
  const known = seen.size;
  return seen.add(identityKey(identity)).size === known;
}

const UNJUDGED: ReadingProblem = {
  code: 'bad_shape',
  message: 'the gateway failed on this reading; its log has the error, and the payload is kept here',
};

/** Rules never throw on data. Should they, this one reading goes to quarantine, and does not hold up those behind it. */
function judged(context: Processing, memory: Memory, input: Input, now: number): Step | null {
  try {
    return decide(context.registry.rulebook, memory, input, now);
  } catch (error) {
    context.log.error({ err: error }, 'the rules failed on a reading');
    return null;
  }
}

function factsOf(registry: Registry, consumerId: string | null): ConsumerFacts | null {
  return consumerId === null ? null : (registry.consumer(consumerId) ?? null);
}

function noteStep(outcome: Outcome, step: Step, consumer: ConsumerFacts | null): void {
  for (const visit of step.visits) outcome.visits.set(visit.id, { visit, consumer: consumer?.id ?? null });
  for (const decision of step.decisions) {
    outcome.decisions.push(decision);
    if (decision.outcome.kind === 'sent') outcome.counts.decisionsSent += 1;
    else outcome.counts.decisionsSuppressed += 1;
  }
}

function noteReading(
  outcome: Outcome,
  step: Step,
  { seq, reading }: NumberedReading,
  entry: StoredEntry,
  device: KnownDevice,
): void {
  const { admitted } = step;
  if (admitted === null) {
    outcome.verdicts.push({ seq, verdict: { kind: 'not_stored' } });
    return;
  }
  const asSent =
    admitted.flags.length === 0 &&
    step.problems.length === 0 &&
    admitted.at === (reading.at ?? entry.receivedAt);
  if (!asSent) outcome.verdicts.push({ seq, verdict: { kind: 'stored_as', reading: admitted } });
  if (admitted.flags.includes('late')) outcome.counts.late += 1;
  if (admitted.flags.includes('clock_corrected')) outcome.counts.clockCorrected += 1;
  outcome.points.push(pointOf(device.key, seq, entry.receivedAt, admitted));
  // A fix that would be a jump waits for the next ones, and is not where the device is.
  const held = step.memory.devices[device.id]?.held.at(-1);
  const isHeld = held !== undefined && held.readingId === String(seq);
  if (admitted.position !== undefined && !isHeld && !admitted.flags.includes('late'))
    outcome.positions.set(device, admitted);
}
