import { Alert, Button, Tabs } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useLocation } from 'wouter';
import type { RuleState } from '../../../gateway/records/schema.ts';
import type { RuleRecord } from '../../api/shapes.ts';
import { Pill } from '../../look/StateBadge.tsx';
import { Confirm } from '../Confirm.tsx';
import { leaveFreely, useUnsavedGuard } from '../unsaved.ts';
import { useMarkets } from '../use-role.ts';
import { textAt } from './document-fields.ts';
import { EditContext } from './edit.ts';
import { RuleForm } from './RuleForm.tsx';
import { Purposes, RuleSummary } from './RuleSummary.tsx';
import { RULE_STATES } from './rule-states.ts';
import { SaveTrouble } from './SaveTrouble.tsx';
import { goToField, SidePanel } from './SidePanel.tsx';
import { useRuleEditor } from './use-rule-editor.ts';
import { YamlEditor } from './YamlEditor.tsx';

const Backtest = lazy(() =>
  import('./backtest/Backtest.tsx').then((module) => ({ default: module.Backtest })),
);

/** The editor of one rule: form, YAML, and trying it on the past, over one document. */
export function RuleEditor({ record }: { record: RuleRecord | null }) {
  const [, navigate] = useLocation();
  const [tab, setShownTab] = useState<string | null>('form');
  // What was tried stays, so that one can go back, change a word, and compare.
  const [hasTried, setHasTried] = useState(false);
  const setTab = (next: string | null) => {
    setShownTab(next);
    if (next === 'past') setHasTried(true);
  };
  const [asking, setAsking] = useState<RuleState | null>(null);
  const mayChange = useMarkets();
  const editor = useRuleEditor(record, (saved) => {
    leaveFreely();
    setAsking(null);
    navigate(
      saved.state === 'draft'
        ? `/rules/${encodeURIComponent(saved.id)}/edit`
        : `/rules/${encodeURIComponent(saved.id)}`,
      { replace: record === null },
    );
  });
  const leaving = useUnsavedGuard(editor.dirty && !editor.save.isSuccess);
  const { document } = editor.edit;
  const state = record?.state ?? 'draft';
  const isOver = state === 'ended';
  const attempt = (wanted: RuleState | null) => {
    editor.showProblems();
    if (!editor.rule.ok) {
      setTab('yaml');
      return;
    }
    const [first] = editor.problems;
    if (first !== undefined) {
      setTab('form');
      requestAnimationFrame(() => goToField(first.path));
    } else if (wanted === 'live' || state === 'live') setAsking('live');
    else editor.save.mutate(wanted);
  };
  return (
    <EditContext value={editor.edit}>
      <div className="editor-head">
        <h1>{textAt(document, ['name']) || (record === null ? 'New rule' : record.id)}</h1>
        <Pill tone={RULE_STATES[state].tone}>{RULE_STATES[state].label}</Pill>
        <span className="soft editor-note" role="status">
          {noteOf(record, editor.dirty)}
        </span>
        {mayChange && !isOver && (
          <div className="editor-buttons">
            <Button variant="default" onClick={() => setTab('past')}>
              Try it on the past
            </Button>
            <Button
              variant={state === 'draft' ? 'default' : 'filled'}
              disabled={!editor.dirty || (editor.rule.ok && !editor.isChecked)}
              loading={editor.save.isPending && asking === null}
              onClick={() => attempt(null)}
            >
              {state === 'draft' ? 'Save draft' : 'Save'}
            </Button>
            {state === 'draft' && (
              <Button disabled={!editor.isChecked} onClick={() => attempt('live')}>
                Go live
              </Button>
            )}
          </div>
        )}
      </div>
      {!mayChange && (
        <p className="soft">Your role may read rules, and try them on the past, but not change them.</p>
      )}
      {isOver && (
        <p className="soft">This rule has ended: it stays as it was. It can still be tried on the past.</p>
      )}
      {editor.restored && (
        <Alert color="yellow" variant="light" title="Your unsaved changes are back" className="editor-alert">
          {editor.isBehind && 'The rule was saved by somebody meanwhile, so saving these would be refused. '}
          <Button size="compact-xs" variant="default" onClick={editor.revert}>
            Discard them
          </Button>
        </Alert>
      )}
      <SaveTrouble error={editor.save.error ?? editor.checkError} />
      <Tabs value={tab} onChange={setTab} className="editor-tabs">
        <Tabs.List>
          <Tabs.Tab value="form">Form</Tabs.Tab>
          <Tabs.Tab value="yaml">YAML</Tabs.Tab>
          <Tabs.Tab value="past">Try it on the past</Tabs.Tab>
        </Tabs.List>
        <div className={tab === 'past' ? undefined : 'editor-columns'}>
          <Tabs.Panel value="form">
            {editor.rule.ok ? (
              <RuleForm isNew={record === null} onRename={editor.rename} />
            ) : (
              <Alert color="yellow" variant="light" title="The form cannot show this YAML">
                It cannot be read at the moment. Mend it in the tab YAML, and the form is back.
              </Alert>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="yaml">
            {tab === 'yaml' && (
              <YamlEditor rule={editor.rule} problems={editor.problems} onChange={editor.setText} />
            )}
          </Tabs.Panel>
          <Tabs.Panel value="past">
            {hasTried && (
              <Suspense fallback={null}>
                <Backtest
                  rule={record?.id ?? textAt(document, ['id'])}
                  document={editor.dirty ? document : null}
                  problems={editor.rule.ok ? editor.problems.length : 1}
                />
              </Suspense>
            )}
          </Tabs.Panel>
          {tab !== 'past' && (
            <SidePanel
              document={document}
              check={editor.check}
              problems={editor.problems}
              onGoTo={(path) => {
                setTab('form');
                requestAnimationFrame(() => goToField(path));
              }}
            />
          )}
        </div>
      </Tabs>
      {asking !== null && (
        <Confirm
          title={state === 'live' ? 'Change a rule that is live?' : 'Go live?'}
          confirm={state === 'live' ? 'Save, and send by it' : 'Go live'}
          busy={editor.save.isPending}
          onConfirm={() => editor.save.mutate(state === 'draft' ? 'live' : null)}
          onCancel={() => setAsking(null)}
        >
          <p>From this moment on it sends offers to real people:</p>
          <RuleSummary document={document} />
          <Purposes purposes={editor.check?.purposes ?? null} needs={editor.check?.needs ?? []} />
          <SaveTrouble error={editor.save.error} />
        </Confirm>
      )}
      {leaving !== null && (
        <Confirm
          title="Leave without saving?"
          confirm="Leave"
          onConfirm={leaving.leave}
          onCancel={leaving.stay}
        >
          <p>Your changes stay in this tab, and come back when you open this rule again in it.</p>
        </Confirm>
      )}
    </EditContext>
  );
}

function noteOf(record: RuleRecord | null, dirty: boolean): string {
  const version = record === null ? 'Not saved yet' : `Version ${record.version}`;
  return dirty && record !== null ? `${version}, with unsaved changes` : version;
}
