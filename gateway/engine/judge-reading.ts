import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DialectRequest } from '../../broker/codecs/codec.ts';
import { decide } from '../../rules/decide.ts';
import type { Memory } from '../../rules/memory.ts';
import type { ReadingProblem } from '../../rules/readings/reading.ts';
import type { ConsumerFacts, Input, Step } from '../../rules/step.ts';
import type { StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import type { DialectStates } from './dialect-states.ts';
import type { NumberedReading } from './intake.ts';
import type { EngineLedger } from './ledger.ts';
import { type Identity, identityKey } from './once.ts';
import type { Outcome } from './outcome.ts';
import type { PacketMemory } from './packet-memory.ts';
import type { DeviceQuality } from './quality-tally.ts';
import type { KnownDevice, Registry } from './registry.ts';
import type { Retry } from './retry-entry.ts';
import type { ShortWay } from './short-way.ts';
import type { Subjects } from './subjects.ts';

/** What a step works with. */
export interface Processing {
  readonly db: Kysely<Schema>;
  readonly registry: Registry;
  readonly subjects: Subjects;
  readonly packets: PacketMemory;
  readonly dialects: DialectStates;
  readonly ledger: EngineLedger;
  readonly shortWay: ShortWay;
  readonly log: Logger;
  /** Newest given `at` by device key since the start: what is newer can't be a repetition, and needs no look-up. */
  readonly newestAt: Map<string, number>;
  /** Rows of quarantine that the latest stretch came to, by entry; it changes. */
  readonly refusals: { rowsAnEntry: number };
}

/** An entry with the readings that it holds. */
export interface OpenedEntry {
  readonly entry: StoredEntry;
  readonly device: KnownDevice;
  readonly readings: readonly NumberedReading[];
  /** Of the reading at the same place; null where it has no time of its own. */
  readonly identities: readonly (Identity | null)[];
  /** Whether a repetition is known by its packet: a reading has no time of its own, and QoS 0 has no packet id. */
  readonly byPacket: boolean;
  readonly quality: DeviceQuality;
  /** What it brings beside its readings; null: nothing, as nearly all. */
  readonly beside: Beside | null;
}

export interface Beside {
  /** Where it has a quarantined message taken again. */
  readonly retry: Retry | null;
  /** What can't be read of it. */
  readonly problems: readonly ReadingProblem[];
  /** What a dialect asks to be published in answer. */
  readonly requests: readonly DialectRequest[];
  /** Sequences of readings that are refused unseen. */
  readonly notStored: readonly number[];
}

/** Notes an identity, and says whether it was there before. */
export function isRepeated(identity: Identity, seen: Set<string>): boolean {
  const known = seen.size;
  return seen.add(identityKey(identity)).size === known;
}

export const UNJUDGED: ReadingProblem = {
  code: 'bad_shape',
  message: 'the gateway failed on this reading; its log has the error, and the payload is kept here',
};

/** Rules never throw on data. Should they, this one reading goes to quarantine, and does not hold up those behind it. */
export function judged(context: Processing, memory: Memory, input: Input, now: number): Step | null {
  try {
    return decide(context.registry.rulebook, memory, input, now, context.ledger);
  } catch (error) {
    context.log.error({ err: error }, 'the rules failed on a reading');
    return null;
  }
}

export function factsOf(registry: Registry, consumerId: string | null): ConsumerFacts | null {
  return consumerId === null ? null : (registry.consumer(consumerId) ?? null);
}

/** Notes what a step decided, and where visits stand after it. */
export function noteStep(
  { registry, ledger }: Processing,
  outcome: Outcome,
  step: Step,
  consumer: ConsumerFacts | null,
): void {
  for (const visit of step.visits) outcome.visits.set(visit.id, { visit, consumer: consumer?.id ?? null });
  for (const decision of step.decisions) {
    outcome.decisions.push(decision);
    if (decision.outcome.kind === 'suppressed') {
      outcome.counts.decisionsSuppressed += 1;
      continue;
    }
    outcome.counts.decisionsSent += 1;
    ledger.take(decision, registry.rulebook);
  }
}
