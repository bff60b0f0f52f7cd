import type { RuleState } from '../../../gateway/records/schema.ts';

/** The states of a rule in words, with their tones. */
export const RULE_STATES = {
  draft: { label: 'Draft', tone: 'quiet' },
  live: { label: 'Live', tone: 'good' },
  paused: { label: 'Paused', tone: 'warn' },
  ended: { label: 'Ended', tone: 'quiet' },
} as const satisfies Record<RuleState, { label: string; tone: string }>;

/** What can be done with a rule in a state; ending is for good. */
export const STATE_ACTIONS: Readonly<Record<RuleState, readonly { to: RuleState; label: string }[]>> = {
  draft: [
    { to: 'live', label: 'Go live' },
    { to: 'ended', label: 'End' },
  ],
  live: [
    { to: 'paused', label: 'Pause' },
    { to: 'ended', label: 'End' },
  ],
  paused: [
    { to: 'live', label: 'Resume' },
    { to: 'ended', label: 'End' },
  ],
  ended: [],
};
