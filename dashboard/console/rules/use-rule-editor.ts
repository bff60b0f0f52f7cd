import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { RuleState } from '../../../gateway/records/schema.ts';
import { ApiProblem, request } from '../../api/request.ts';
import type { RuleRecord } from '../../api/shapes.ts';
import { dotted, type Path, textAt } from './document-fields.ts';
import { type Edit, problemOf } from './edit.ts';
import { dropDraft, idOfName, keepDraft, keptDraft, NEW_RULE } from './rule-drafts.ts';
import { readRuleText, textOfRule, withValue } from './rule-text.ts';
import { useRuleCheck } from './use-rule-check.ts';

/**
 * A rule while it is edited: its YAML as the one truth, what the gateway says of it, and saving.
 *
 * @param record the rule as it was saved; null: a new one
 */
export function useRuleEditor(record: RuleRecord | null, onSaved: (saved: RuleRecord) => void) {
  const queries = useQueryClient();
  const ruleId = record?.id ?? null;
  const saved = useMemo(() => (record === null ? NEW_RULE : textOfRule(record.rule)), [record]);
  const [kept] = useState(() => keptDraft(ruleId));
  const [text, setText] = useState(kept?.text ?? saved);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [wantsAll, setWantsAll] = useState(false);
  const rule = useMemo(() => readRuleText(text), [text]);
  const document = rule.ok ? rule.document : null;
  const dirty = text !== saved;
  const { check, isCurrent, error: checkError } = useRuleCheck(document);
  // The name first, as in the form: a new rule's id follows it.
  const problems = (check?.problems ?? []).toSorted(
    (a, b) => Number(b.path === 'name') - Number(a.path === 'name'),
  );

  useEffect(() => {
    if (dirty) keepDraft(ruleId, { text, version: record?.version ?? 0 });
    else dropDraft(ruleId);
  }, [dirty, text, ruleId, record]);

  const save = useMutation({
    mutationFn: async (state: RuleState | null) => {
      const id = ruleId ?? textAt(document, ['id']);
      const address = `/api/v1/rules/${encodeURIComponent(id)}`;
      // Two people may edit one rule: who saves second is told, and overwrites nothing.
      const seen: Readonly<Record<string, string>> =
        record === null ? { 'if-none-match': '*' } : { 'if-match': `"${record.version}"` };
      try {
        if (record !== null && !dirty && state !== null)
          return await request<RuleRecord>('POST', `${address}/state`, { state }, seen);
        const query = state === null ? '' : `?state=${state}`;
        return await request<RuleRecord>('PUT', `${address}${query}`, document, seen);
      } catch (error) {
        throw error instanceof ApiProblem && error.status === 412 ? inOtherHands(id, record, error) : error;
      }
    },
    onSuccess: async (after) => {
      dropDraft(ruleId);
      queries.setQueryData(['rule', after.id], after);
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['list', '/api/v1/rules'] }),
        queries.invalidateQueries({ queryKey: ['rule-versions', after.id] }),
        queries.invalidateQueries({ queryKey: ['rule-names'] }),
      ]);
      onSaved(after);
    },
  });

  const setAll: Edit['setAll'] = (changes) =>
    setText((before) => changes.reduce((now, [path, value]) => withValue(now, path, value), before));
  const edit: Edit = {
    document,
    set: (path, value) => setAll([[path, value]]),
    setAll,
    touch: (path) => setTouched((before) => new Set(before).add(dotted(path))),
    problemAt: (path) =>
      wantsAll || touched.has(dotted(path)) || ruleId !== null ? problemOf(problems, path) : undefined,
  };
  return {
    edit,
    rule,
    dirty,
    check,
    checkError,
    problems,
    /** What the gateway said is of what is there now. */
    isChecked: rule.ok && isCurrent,
    /** What was written before came back. */
    restored: kept !== null && kept.text !== saved && dirty,
    /** Somebody saved the rule after these changes were begun. */
    isBehind: kept !== null && record !== null && kept.version !== record.version && dirty,
    save,
    setText,
    revert: () => setText(saved),
    showProblems: () => setWantsAll(true),
    /** A new rule's id follows its name until somebody writes one. */
    rename(name: string) {
      const follows = ruleId === null && textAt(document, ['id']) === idOfName(textAt(document, ['name']));
      const changes: (readonly [Path, unknown])[] = [[['name'], name]];
      if (follows) changes.push([['id'], idOfName(name)]);
      setAll(changes);
    },
  };
}

/** Why the gateway did not take it, in words for whoever wrote it. */
function inOtherHands(
  id: string,
  record: RuleRecord | null,
  { status, code, detail }: ApiProblem,
): ApiProblem {
  return record === null
    ? new ApiProblem(status, code, `There is a rule “${id}” already`, 'Give this one another id.')
    : new ApiProblem(
        status,
        code,
        'Somebody saved this rule meanwhile',
        'Copy what you wrote from the YAML, reload the page, and put it in again.',
        `${detail}.`,
      );
}
