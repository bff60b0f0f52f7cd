import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { decide } from '../../rules/decide.ts';
import type { ReadingProblem } from '../../rules/reading.ts';
import type { ConsumerFacts, Input, Step } from '../../rules/step.ts';
import type { StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import { deviceOf, type Intake, type NumberedReading, takeIn } from './intake.ts';
import { findSeen, type Identity, identityKey, identityOf } from './once.ts';
import { noOutcome, noteProblems, type Outcome } from './outcome.ts';
import type { KnownDevice, Registry } from './registry.ts';
import { consumerOf, type Subject, type Subjects, subjectOf } from './subjects.ts';

/** What a step works with. */
export interface Processing {
  readonly db: Kysely<Schema>;
  readonly registry: Registry;
  readonly subjects: Subjects;
  readonly log: Logger;
  /** Newest given `at` by device key since the start: what is newer can't be a repetition, and needs no look-up. */
  readonly newestAt: Map<string, number>;
}

interface Taken {
  readonly entry: StoredEntry;
  readonly device: KnownDevice;
  readonly intake: Intake;
  readonly identities: readonly ReturnType<typeof identityOf>[];
}

/** Takes a stretch of the journal through decoding, once-only, and rules. Changes `subjects`; writes nothing. */
export async function processEntries(context: Processing, entries: readonly StoredEntry[]): Promise<Outcome> {
  const outcome = noOutcome();
  const { registry, subjects } = context;
  const ids = new Set<string>();
  for (const entry of entries) {
    const id = deviceOf(entry);
    if (id !== null) ids.add(id);
  }
  await registry.prepareDevices(ids);
  const taken = entries.flatMap((entry) => decodeEntry(context, entry, outcome));
  await subjects.prepare(taken.map(({ device }) => subjectOf(device.id, device.consumerId)));
  const seen = await findSeen(context.db, suspects(context, taken));
  for (const item of taken) stepEntry(context, item, seen, outcome);
  return outcome;
}

/** Lets every subject whose timer is due at `now` take its tick. */
export async function processTicks(
  context: Processing,
  due: readonly Subject[],
  now: number,
): Promise<Outcome> {
  const outcome = noOutcome();
  const { registry, subjects } = context;
  await subjects.prepare(due);
  await registry.prepareConsumers(due.flatMap((subject) => consumerOf(subject) ?? []));
  for (const subject of due) {
    const consumer = factsOf(registry, consumerOf(subject));
    const step = decide(registry.rulebook, subjects.memory(subject), { kind: 'tick', consumer }, now);
    subjects.set(subject, step.memory, step.wakeAt);
    noteStep(outcome, step, consumer);
  }
  return outcome;
}

function decodeEntry(context: Processing, entry: StoredEntry, outcome: Outcome): Taken[] {
  const id = deviceOf(entry);
  const device = id === null ? undefined : context.registry.device(id);
  if (device === undefined) {
    // The broker let it in, and the device was removed since: nobody is left to store it for.
    outcome.counts.unknownDevice += 1;
    return [];
  }
  const intake = takeIn(entry, device.id);
  noteProblems(outcome, entry, device.id, intake.problems);
  const identities = intake.readings.map(({ reading, index }) =>
    identityOf(device.key, reading, index, entry),
  );
  return [{ entry, device, intake, identities }];
}

/** Identities that an earlier reading may have: a look-up is spared for whatever is newer than all before it. */
function suspects(context: Processing, taken: readonly Taken[]): Identity[] {
  const found: Identity[] = [];
  for (const { device, intake, identities } of taken) {
    intake.readings.forEach(({ reading }, position) => {
      const identity = identities[position];
      if (identity == null || !identity.mayRepeat) return;
      if (reading.at !== undefined) {
        const newest = context.newestAt.get(device.key);
        if (newest === undefined || reading.at <= newest) found.push(identity);
        if (newest === undefined || reading.at > newest) context.newestAt.set(device.key, reading.at);
      } else found.push(identity);
    });
  }
  return found;
}

function stepEntry(context: Processing, taken: Taken, seen: Set<string>, outcome: Outcome): void {
  const { entry, device, intake, identities } = taken;
  const { registry, subjects } = context;
  const subject = subjectOf(device.id, device.consumerId);
  const consumer = factsOf(registry, device.consumerId);
  intake.readings.forEach((numbered, position) => {
    outcome.counts.readings += 1;
    const identity = identities[position];
    if (identity != null) {
      const key = identityKey(identity);
      if (identity.mayRepeat && seen.has(key)) {
        outcome.counts.duplicates += 1;
        outcome.verdicts.push({ seq: numbered.seq, verdict: { kind: 'not_stored' } });
        return;
      }
      seen.add(key);
      outcome.identities.push(identity);
    }
    const input: Input = {
      kind: 'reading',
      device: { id: device.id, type: device.type },
      consumer,
      reading: numbered.reading,
      readingId: String(numbered.seq),
    };
    const step = judged(context, () =>
      decide(registry.rulebook, subjects.memory(subject), input, entry.receivedAt),
    );
    if (step === null) {
      noteProblems(outcome, entry, device.id, [UNJUDGED]);
      outcome.verdicts.push({ seq: numbered.seq, verdict: { kind: 'not_stored' } });
      return;
    }
    subjects.set(subject, step.memory, step.wakeAt);
    noteProblems(outcome, entry, device.id, step.problems);
    noteStep(outcome, step, consumer);
    noteReading(outcome, step, numbered, entry, device);
  });
}

const UNJUDGED: ReadingProblem = {
  code: 'bad_shape',
  message: 'the gateway failed on this reading; its log has the error, and the payload is kept here',
};

/** Rules never throw on data. Should they, this one reading goes to quarantine, and does not hold up those behind it. */
function judged(context: Processing, step: () => Step): Step | null {
  try {
    return step();
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
  outcome.points.push({ deviceKey: device.key, seq, receivedAt: entry.receivedAt, ...admitted });
  if (admitted.position !== undefined && !admitted.flags.includes('late')) {
    const { lat, lon, heading, speed } = admitted.position;
    outcome.positions.set(device.id, {
      device: device.id,
      type: device.type,
      consumer: device.consumerId,
      at: admitted.at,
      lat,
      lon,
      ...(heading === undefined ? {} : { heading }),
      ...(speed === undefined ? {} : { speed }),
    });
  }
}
