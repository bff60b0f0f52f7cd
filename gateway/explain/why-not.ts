import { describeDuration } from '../../rules/duration.ts';
import { localTime } from '../../rules/local-time.ts';
import type { MetricTrigger, PlaceTrigger, Trigger } from '../../rules/trigger.ts';
import type { StoredDecision } from '../records/decisions.ts';
import type { RuleSpell, RuleThen } from '../records/explain.ts';
import type { StoredVisit } from '../records/visits.ts';
import type { Evidence } from './evidence.ts';

/** Why a rule decided nothing, a closed list. */
export const NOT_TRIGGERED_REASONS = [
  'not_saved_yet',
  'not_live',
  'not_understood',
  'other_place',
  'no_place_given',
  'not_linked',
  'no_visit',
  'entered_before',
  'no_exit',
  'ended_by_silence',
  'dwell_not_reached',
  'dwell_before',
  'already_sent',
  'no_approach',
  'no_pass',
  'no_crossing',
  'no_event',
  'not_recorded',
] as const;
export type NotTriggeredReason = (typeof NOT_TRIGGERED_REASONS)[number];

export interface WhyNot {
  readonly reason: NotTriggeredReason;
  /** A sentence that a marketer can read. */
  readonly explanation: string;
}

/** What is known of the time that is asked about. */
export interface Surroundings {
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive, epoch ms. */
  readonly to: number;
  /** IANA zone in which times are told. */
  readonly zone: string;
  /** As it is now; null where none was asked for. */
  readonly place: { readonly id: string; readonly name: string; readonly tags: readonly string[] } | null;
  /** Of the consumer at the place, newest first. */
  readonly visits: readonly StoredVisit[];
  /** By rule, the offer that was sent on account of one of these visits, whenever that was. */
  readonly sent: ReadonlyMap<string, StoredDecision>;
  /** How many devices the consumer has linked. */
  readonly devices: number;
  /** Null where the store did not answer. */
  readonly evidence: Evidence | null;
}

/**
 * Why a rule that decided nothing in a time did not. Judged by what was recorded then; where nothing was, that is what it says.
 *
 * @param trigger of the version in force then; null where it can't be read any more
 */
export function whyNot(rule: RuleThen, trigger: Trigger | null, around: Surroundings): WhyNot {
  const { spells } = rule;
  const [first] = spells;
  if (first === undefined) return { reason: 'not_saved_yet', explanation: 'The rule was not there yet.' };
  if (!spells.some(mayFire)) {
    const states = [...new Set(spells.map(({ state }) => inWords(state)))].join(', then ');
    return { reason: 'not_live', explanation: `The rule was not live then: it was ${states}.` };
  }
  if (trigger === null) {
    const explanation = `The trigger of version ${rule.version} is not understood by this version of Wayside.`;
    return { reason: 'not_understood', explanation };
  }
  switch (trigger.kind) {
    case 'place':
      return whyNotAtPlace(rule, trigger, around);
    case 'metric':
      return linkedOr(around, () => ({
        reason: 'no_crossing',
        explanation: crossingMissed(trigger, around),
      }));
    case 'event':
      return linkedOr(around, () => ({
        reason: 'no_event',
        explanation: `No event "${trigger.name}" is recorded as its cause.${eventsSeen(around.evidence)}`,
      }));
  }
}

function whyNotAtPlace(rule: RuleThen, trigger: PlaceTrigger, around: Surroundings): WhyNot {
  const { place } = around;
  if (place === null)
    return {
      reason: 'no_place_given',
      explanation:
        'The rule waits for something at a place; ask about a place to learn why it did not fire there.',
    };
  const { place: wanted } = trigger;
  if (wanted.kind === 'id' ? wanted.id !== place.id : !place.tags.includes(wanted.tag)) {
    const about =
      wanted.kind === 'id'
        ? `the place "${wanted.id}"`
        : `places with the tag "${wanted.tag}", which this one does not have (as it is now)`;
    return { reason: 'other_place', explanation: `The rule is about ${about}.` };
  }
  return linkedOr(around, () => {
    switch (trigger.on) {
      case 'enter':
        return enterMissed(rule, around);
      case 'exit':
        return exitMissed(rule, around);
      case 'dwell':
        return dwellMissed(rule, trigger.forMs, around);
      case 'approach': {
        const within = describeDuration(trigger.withinMs);
        const explanation = `No approach is recorded: outside, at 1 m/s or more, heading for the place and there within ${within}.`;
        return { reason: 'no_approach', explanation: explanation + positionsSeen(around) };
      }
      case 'pass': {
        const explanation =
          'No pass is recorded: two positions at most 60 s apart, both outside, with the place between them.';
        return { reason: 'no_pass', explanation: explanation + positionsSeen(around) };
      }
    }
  });
}

function linkedOr(around: Surroundings, otherwise: () => WhyNot): WhyNot {
  if (around.devices > 0 || around.visits.length > 0) return otherwise();
  return {
    reason: 'not_linked',
    explanation:
      'No device is linked to the consumer, and a device that is linked to nobody makes no decisions.',
  };
}

function enterMissed(rule: RuleThen, around: Surroundings): WhyNot {
  const { visits, from } = around;
  const [newest] = visits;
  if (newest === undefined) return noVisit(around);
  const entered = visits.find(({ enteredAt }) => enteredAt >= from);
  if (entered !== undefined) return missedAt(rule, around, entered.enteredAt, `${entered.device} entered`);
  const again = alreadySent(rule, around);
  if (again !== null) return again;
  const explanation = `${newest.device} was inside already: it entered at ${told(newest.enteredAt, around)}. "enter" fires on entering alone.`;
  return { reason: 'entered_before', explanation };
}

function exitMissed(rule: RuleThen, around: Surroundings): WhyNot {
  const { visits, to } = around;
  const [newest] = visits;
  if (newest === undefined) return noVisit(around);
  const ended = visits.filter(({ exitedAt }) => exitedAt !== undefined && exitedAt < to);
  const left = ended.find(({ endedBy }) => endedBy === 'exit');
  if (left?.exitedAt !== undefined) return missedAt(rule, around, left.exitedAt, `${left.device} left`);
  const silent = ended[0];
  if (silent?.exitedAt !== undefined) {
    const explanation = `${silent.device} fell silent: the visit was closed as of its last reading at ${told(silent.exitedAt, around)}, and "exit" does not fire then.`;
    return { reason: 'ended_by_silence', explanation };
  }
  return { reason: 'no_exit', explanation: `${newest.device} was inside, and did not leave.` };
}

function dwellMissed(rule: RuleThen, forMs: number, around: Surroundings): WhyNot {
  const { visits, from, to } = around;
  const [newest] = visits;
  if (newest === undefined) return noVisit(around);
  const lasted = visits.filter(({ enteredAt, exitedAt = Infinity }) => exitedAt >= enteredAt + forMs);
  const due = lasted.find(({ enteredAt }) => enteredAt + forMs >= from && enteredAt + forMs < to);
  if (due !== undefined) {
    const what = `${due.device} had been inside for ${describeDuration(forMs)}`;
    return missedAt(rule, around, due.enteredAt + forMs, what);
  }
  const again = alreadySent(rule, around);
  if (again !== null) return again;
  const before = lasted.find(({ enteredAt }) => enteredAt + forMs < from);
  if (before !== undefined) {
    const explanation = `It fell due at ${told(before.enteredAt + forMs, around)}, before the time that is asked about.`;
    return { reason: 'dwell_before', explanation };
  }
  const { device, enteredAt, exitedAt } = newest;
  const stay =
    exitedAt === undefined
      ? `${device} has been inside since ${told(enteredAt, around)}, and it falls due at ${told(enteredAt + forMs, around)}`
      : `${device} was inside for ${describeDuration(exitedAt - enteredAt)}`;
  return {
    reason: 'dwell_not_reached',
    explanation: `${stay}; the rule asks for ${describeDuration(forMs)}.`,
  };
}

/** The trigger seems to have fired, by what is recorded, and yet there is no decision. */
function missedAt(rule: RuleThen, around: Surroundings, at: number, what: string): WhyNot {
  const again = alreadySent(rule, around);
  if (again !== null) return again;
  const spell = rule.spells.findLast((one) => one.at <= at);
  if (spell === undefined || !mayFire(spell)) {
    const was = spell === undefined ? 'was not there yet' : `was ${inWords(spell.state)}`;
    return { reason: 'not_live', explanation: `${what} at ${told(at, around)}, when the rule ${was}.` };
  }
  const explanation = `${what} at ${told(at, around)} and the rule was ${spell.state}, yet no decision is recorded: the rule, the place or the link of the device may have been changed just then, or the reading that told of it came too late.`;
  return { reason: 'not_recorded', explanation };
}

function alreadySent(rule: RuleThen, around: Surroundings): WhyNot | null {
  const sent = around.sent.get(rule.id);
  if (sent === undefined) return null;
  const explanation = `For this visit the rule had sent its offer at ${told(sent.at, around)}; one visit brings one offer.`;
  return { reason: 'already_sent', explanation };
}

function noVisit(around: Surroundings): WhyNot {
  return {
    reason: 'no_visit',
    explanation: `No visit of the consumer to this place is recorded then.${positionsSeen(around)}`,
  };
}

/** What the devices said of where they were, as far as it tells something. */
function positionsSeen({ evidence, place }: Surroundings): string {
  if (evidence === null || place === null) return '';
  const { positions, late, coarse, inside, nearestMetres, truncated } = evidence;
  if (positions === 0) return ' The devices told no position in that time.';
  const notes = [
    inside > 0
      ? `${inside} inside the place`
      : nearestMetres === null
        ? null
        : `the nearest ${nearestMetres} m from it`,
    late > 0 ? `${late} late` : null,
    coarse > 0 ? `${coarse} too inaccurate for this place` : null,
  ].filter((note) => note !== null);
  const some = truncated ? `the first ${positions}` : `${positions}`;
  return ` Of the devices there ${positions === 1 ? 'is 1 position' : `are ${some} positions`}, ${notes.join(', ')}.`;
}

function crossingMissed(
  { name, direction, threshold, rearm }: MetricTrigger,
  { evidence }: Surroundings,
): string {
  const start = `"${name}" did not go ${direction} ${threshold} anew: the rule fires when it does, not while it stays there, and again only after it was back at ${rearm}.`;
  if (evidence === null) return start;
  const range = Object.hasOwn(evidence.metrics, name) ? evidence.metrics[name] : undefined;
  if (range === undefined) return `${start} No value of it is known from that time.`;
  if (range.least === undefined || range.most === undefined) return start;
  const values =
    range.least === range.most
      ? `It was ${range.least}.`
      : `It was between ${range.least} and ${range.most}.`;
  return `${start} ${values}`;
}

function eventsSeen(evidence: Evidence | null): string {
  if (evidence === null) return '';
  const { events } = evidence;
  if (events.length === 0) return ' The devices told no event in that time.';
  const shown = events.slice(0, 10).map((name) => `"${name}"`);
  return ` The devices told ${shown.join(', ')}${events.length > shown.length ? ' and more' : ''}.`;
}

const mayFire = ({ state }: RuleSpell): boolean => state === 'live' || state === 'paused';

const inWords = (state: string): string => (state === 'draft' ? 'a draft' : state);

function told(at: number, { zone }: Surroundings): string {
  const { date, minuteOfDay } = localTime(at, zone);
  const two = (part: number) => String(part).padStart(2, '0');
  const seconds = two(Math.floor(at / 1_000) % 60);
  return `${date} ${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}:${seconds} (${zone})`;
}
