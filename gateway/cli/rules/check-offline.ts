import { BUILT_IN_DEVICE_TYPES } from '../../../rules/readings/device-type.ts';
import { checkRuleDocument } from '../../http/checked-rule.ts';
import type { FiledRule, FileProblem, RuleFolder } from './rule-files.ts';

/**
 * Checks rules as far as that goes without a gateway: their form, conditions and templates against the built-in device types.
 * Names of places, tags and whatever else a gateway keeps are not looked up.
 */
export function checkOffline({ rules }: RuleFolder): readonly FileProblem[] {
  return rules.flatMap((rule) => {
    // With no id of its own, the document is told that it lacks one.
    const checked = checkRuleDocument(rule.id ?? '', rule.document, { deviceTypes: BUILT_IN_DEVICE_TYPES });
    return checked.ok
      ? []
      : checked.problems.map(({ path, message }) => problemOf(rule, path, saidOfId(rule, path) ?? message));
  });
}

/** A problem of a rule, where it stands in its file. */
export function problemOf(rule: FiledRule, path: string, message: string): FileProblem {
  return { ...rule.locate(path), path, message };
}

function saidOfId({ id }: FiledRule, path: string): string | null {
  return id === null && path === 'id' ? MISSING_ID : null;
}

export const MISSING_ID = 'must be there: 1 to 128 of A-Z a-z 0-9 . _ : -, as a text';
