import { TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { AudienceFields, audienceInWords } from './AudienceFields.tsx';
import { ConditionField, conditionInWords } from './ConditionField.tsx';
import { has, listAt } from './document-fields.ts';
import { ExperimentFields, experimentInWords } from './ExperimentFields.tsx';
import { useEdit, useField } from './edit.ts';
import { TextField } from './fields.tsx';
import { LimitFields, limitsInWords } from './LimitFields.tsx';
import { OfferFields } from './OfferFields.tsx';
import { ScheduleFields, scheduleInWords } from './ScheduleFields.tsx';
import { TriggerFields } from './TriggerFields.tsx';

/** The common things of a rule as a form; what it does not show stays in the document as it is. */
export function RuleForm({ isNew, onRename }: { isNew: boolean; onRename: (name: string) => void }) {
  const { document, problemAt } = useEdit();
  const ownOffer = has(document, ['offer']) || listAt(document, ['experiment', 'variants']).length === 0;
  return (
    <div className="rule-form">
      <section className="surface form-part" aria-label="What it is called">
        <NameAndId isNew={isNew} onRename={onRename} />
      </section>
      <section className="surface form-part" aria-labelledby="part-when">
        <h2 id="part-when">When</h2>
        <TriggerFields />
        <PartProblem path={['trigger']} problemAt={problemAt} />
      </section>
      <section className="surface form-part" aria-labelledby="part-offer">
        <h2 id="part-offer">The offer</h2>
        {ownOffer ? (
          <OfferFields path={['offer']} />
        ) : (
          <p className="soft">Each wording has an offer of its own: see “Experiment”.</p>
        )}
        <PartProblem path={['offer']} problemAt={problemAt} />
      </section>
      <Part title="Only if" said={conditionInWords(document)} path={['when']}>
        <ConditionField />
      </Part>
      <Part title="For whom" said={audienceInWords(document)} path={['audience']}>
        <AudienceFields />
      </Part>
      <Part title="Days and hours" said={scheduleInWords(document)} path={['schedule']}>
        <ScheduleFields />
      </Part>
      <Part title="Limits" said={limitsInWords(document)} path={['limits']}>
        <LimitFields />
      </Part>
      <Part title="Experiment" said={experimentInWords(document)} path={['experiment']}>
        <ExperimentFields />
      </Part>
    </div>
  );
}

/** A part that most rules leave as it is: closed, it says what holds. */
function Part({
  title,
  said,
  path,
  children,
}: {
  title: string;
  said: string;
  path: readonly string[];
  children: ReactNode;
}) {
  const { problemAt } = useEdit();
  return (
    <details className="surface form-part form-fold" data-part={path[0]}>
      <summary>
        <h2>{title}</h2>
        <span className="soft">{said}</span>
      </summary>
      <div className="form-fold-body">
        {children}
        {path[0] !== 'when' && <PartProblem path={path} problemAt={problemAt} />}
      </div>
    </details>
  );
}

function PartProblem({
  path,
  problemAt,
}: {
  path: readonly string[];
  problemAt: (path: readonly string[]) => string | undefined;
}) {
  const problem = problemAt(path);
  return problem === undefined ? null : <p className="field-problem">{problem}</p>;
}

function NameAndId({ isNew, onRename }: { isNew: boolean; onRename: (name: string) => void }) {
  const { id, value, problem, onBlur } = useField(['name']);
  return (
    <>
      <TextInput
        id={id}
        label="Name"
        placeholder="Coffee for those who come by in the morning"
        value={value}
        error={problem}
        onBlur={onBlur}
        onChange={(event) => onRename(event.currentTarget.value)}
      />
      {isNew && (
        <TextField
          path={['id']}
          label="Id"
          description="Stands in addresses and files, and stays for good."
          required
        />
      )}
    </>
  );
}
