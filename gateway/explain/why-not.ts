import type { PlaceTrigger, Trigger } from '../../rules/document/trigger.ts';
import { describeDuration } from '../../rules/time/duration.ts';
import type { RuleSpell, RuleThen } from '../records/explain.ts';
import type { Surroundings } from './surroundings.ts';
import { crossingMissed, eventsSeen, positionsSeen, told } from './words.ts';

/** Why a rule decided nothing, a closed list. */
export const NOT_TRIGGERED_REASONS = [
  'not_saved_yet',
  'not_live',
  'not_understood',
  'other_place',
  'no_place_given',
  'not_linked',
  'in_sensitive_zone',
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
        if (around.zoneOverlap !== null) return silenced(around.zoneOverlap);
        const within = describeDuration(trigger.withinMs);
        const explanation = `No approach is recorded: outside, at 1 m/s or more, heading for the place and there within ${within}.`;
        return { reason: 'no_approach', explanation: explanation + positionsSeen(around) };
      }
      case 'pass': {
        if (around.zoneOverlap !== null) return silenced(around.zoneOverlap);
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

function silenced(zoneOverlap: string): WhyNot {
  const explanation = `The place ${zoneOverlap}: where it does, no visit is kept and nothing is triggered.`;
  return { reason: 'in_sensitive_zone', explanation };
}

function noVisit(around: Surroundings): WhyNot {
  if (around.zoneOverlap !== null) return silenced(around.zoneOverlap);
  return {
    reason: 'no_visit',
    explanation: `No visit of the consumer to this place is recorded then.${positionsSeen(around)}`,
  };
}

const mayFire = ({ state }: RuleSpell): boolean => state === 'live' || state === 'paused';

const inWords = (state: string): string => (state === 'draft' ? 'a draft' : state);
