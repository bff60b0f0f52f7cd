import { type Condition, compileCondition, explainCondition } from '../../rules/condition/condition.ts';
import type { Situation } from '../../rules/condition/situation.ts';
import type { RuleContext, Trigger } from '../../rules/document/trigger.ts';
import { timestamp } from '../../rules/time/timestamp.ts';

/** A condition taken apart, with the part that stopped the rule. */
export interface ConditionPart {
  readonly text: string;
  /** By the words of the decision: it was this part that was false, or lacked a value. */
  readonly stopped: boolean;
  readonly parts: readonly ConditionPart[];
}

/** Nothing is known in it, so that no value of today is taken for one of then: only the structure is wanted. */
const NOWHERE: Situation = {
  device: { id: '', type: '' },
  metrics: {},
  position: {},
  consumer: { id: '', attributes: {} },
  now: timestamp(0),
};

/** How a decision begins to speak of a part, and how it goes on. */
const BEFORE = ['; ', ' and '];
const BEHIND = [' is false', ' is not known', ' needs ', ' cannot be told'];

/**
 * The parts of a condition, and which of them a decision names.
 *
 * @param detail of the decision: the truth of that moment
 * @returns null where the condition can't be read any more
 */
export function conditionParts(
  when: string,
  trigger: Trigger,
  context: RuleContext,
  detail: string,
): ConditionPart | null {
  const compiled = compileCondition(when, trigger, context);
  return compiled.ok ? partOf(explainCondition(compiled.value, NOWHERE), detail) : null;
}

function partOf({ text, children }: ReturnType<Condition['explain']>, detail: string): ConditionPart {
  const stopped = BEFORE.some((before) =>
    BEHIND.some((behind) => detail.includes(`${before}${text}${behind}`)),
  );
  return { text, stopped, parts: children.map((child) => partOf(child, detail)) };
}
