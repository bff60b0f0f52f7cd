import { describeFound } from '../../rules/document/document.ts';
import type { Parsed } from '../../rules/document/problem.ts';
import { parseRule, type Rule } from '../../rules/document/rule.ts';
import type { RuleContext } from '../../rules/document/trigger.ts';
import type { Problem } from '../errors.ts';
import type { RuleState } from '../records/schema.ts';

export const RULE_STATES: readonly RuleState[] = ['draft', 'live', 'paused', 'ended'];

/** A rule document as given, checked against what the context knows. */
export interface CheckedRule {
  readonly document: object;
  readonly rule: Rule;
  /** `state` of the document, which is no part of the rule itself; null where not given. */
  readonly state: RuleState | null;
}

/**
 * Checks a rule document, whichever way it came: in a request, or out of a file.
 *
 * @param id of the rule; a document without an id is given this one, and may name no other
 */
export function checkRuleDocument(id: string, body: unknown, context: RuleContext): Parsed<CheckedRule> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { ok: false, problems: [{ path: '', message: 'must be a rule document: an object' }] };
  }
  const { state: wanted, ...rest } = body as Record<string, unknown>;
  const document = { id, ...rest };
  // With the id of the address, so that another one in the document is told beside all else, and once.
  const parsed = parseRule({ ...document, id }, context);
  const problems: Problem[] = parsed.ok ? [] : [...parsed.problems];
  if (rest.id !== undefined && rest.id !== id) {
    const message = `must be "${id}", the id in the address; found ${describeFound(rest.id)}`;
    problems.unshift({ path: 'id', message });
  }
  const state = wanted == null ? null : RULE_STATES.find((known) => known === wanted);
  if (state === undefined) {
    const message = `must be one of ${RULE_STATES.join(', ')}; found ${describeFound(wanted)}`;
    problems.push({ path: 'state', message });
  }
  if (!parsed.ok || state === undefined || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: { document, rule: parsed.value, state } };
}
