import { looksOf, purposesOf } from '../../rules/compiled-rule.ts';
import { parseRule } from '../../rules/document/rule.ts';
import type { Trigger } from '../../rules/document/trigger.ts';
import type { DeviceType } from '../../rules/readings/device-type.ts';
import type { Purpose } from '../../rules/step.ts';

/** What a person is told of a rule. */
export interface RuleTold {
  readonly id: string;
  readonly name: string;
}

/** What happened, for a sentence: `what` is the metric or event, by the name that the device type gives it. */
export interface TriggerTold {
  readonly on: 'enter' | 'exit' | 'dwell' | 'approach' | 'pass' | 'metric' | 'event';
  readonly what?: string;
}

/** What a rule looks at, as far as its document can be read. */
export interface RuleLooksAt {
  readonly trigger: TriggerTold | null;
  readonly purposes: readonly Purpose[];
  /** `place`, `position`, `visit`, `metrics.fuel`, `event.purchase`, `consumer.attributes.plan` …, in order. */
  readonly reads: readonly string[];
}

export function ruleTold(id: string, document: object | undefined): RuleTold {
  const { name } = (document ?? {}) as { readonly name?: unknown };
  return { id, name: typeof name === 'string' ? name : id };
}

/** @param document as it was saved; undefined where it is not kept any more */
export function ruleLooksAt(document: object | undefined, deviceTypes: readonly DeviceType[]): RuleLooksAt {
  const parsed = parseRule(document, { deviceTypes, isSaved: true });
  if (!parsed.ok) return { trigger: null, purposes: [], reads: [] };
  const rule = parsed.value;
  return {
    trigger: triggerTold(rule.trigger),
    purposes: purposesOf(rule, deviceTypes),
    reads: [...new Set(looksOf(rule, deviceTypes).map(({ read }) => read))],
  };
}

function triggerTold(trigger: Trigger): TriggerTold {
  switch (trigger.kind) {
    case 'place':
      return { on: trigger.on };
    case 'metric':
      return { on: 'metric', what: trigger.name };
    case 'event':
      return { on: 'event', what: trigger.name };
  }
}
