import { Type } from '@fastify/type-provider-typebox';
import { looksOf } from '../../rules/compiled-rule.ts';
import { needInWords, purposeNeeds } from '../../rules/document/purposes.ts';
import type { Rule } from '../../rules/document/rule.ts';
import type { DeviceType } from '../../rules/readings/device-type.ts';
import { Purpose } from './shapes.ts';

export const RuleNeeds = Type.Array(
  Type.Object({
    purpose: Purpose,
    path: Type.String({ description: 'Where in the rule' }),
    reads: Type.String({ description: 'What it reads there, such as metrics.fuel' }),
    why: Type.String({ description: 'The same as a sentence' }),
  }),
  { description: 'Why it needs each of its purposes: all that it reads of people, and where' },
);

/** A name that is worked out may be any metric of any type: some are enough to see why. */
const MOST_TOLD = 100;

/** Why a rule needs the consents that it needs. A metric that several device types describe alike is told once. */
export function needsOfRule(rule: Rule, deviceTypes: readonly DeviceType[]) {
  const needs = purposeNeeds(looksOf(rule, deviceTypes), deviceTypes);
  return needs.slice(0, MOST_TOLD).map((need) => ({
    purpose: need.purpose,
    path: need.path,
    reads: need.read,
    why: needInWords(need),
  }));
}
