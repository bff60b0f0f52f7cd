import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { listAt, textAt } from './document-fields.ts';
import { fieldId, useEdit, useField } from './edit.ts';
import { NameField, TextField } from './fields.tsx';

const DAYS = [
  { value: 'mon', label: 'Mon' },
  { value: 'tue', label: 'Tue' },
  { value: 'wed', label: 'Wed' },
  { value: 'thu', label: 'Thu' },
  { value: 'fri', label: 'Fri' },
  { value: 'sat', label: 'Sat' },
  { value: 'sun', label: 'Sun' },
];

/** On which days and at which hours the rule may send. */
export function ScheduleFields() {
  return (
    <>
      <Days />
      <Hours />
      <NameField
        path={['schedule', 'timezone']}
        label="Whose clock"
        description="consumer (the person’s, the default), place, or a zone such as Europe/Rome."
        options={[
          { value: 'consumer', note: 'the clock of the person' },
          { value: 'place', note: 'the clock of the place' },
          ...Intl.supportedValuesOf('timeZone').map((value) => ({ value })),
        ]}
      />
      <div className="pair">
        <TextField path={['schedule', 'from']} label="First day" type="date" />
        <TextField path={['schedule', 'until']} label="Last day" type="date" />
      </div>
    </>
  );
}

function Days() {
  const { document, set } = useEdit();
  const { problem } = useField(['schedule', 'days']);
  const chosen = listAt(document, ['schedule', 'days']);
  const toggle = (day: string) => {
    const next = DAYS.map(({ value }) => value).filter((value) =>
      value === day ? !chosen.includes(value) : chosen.includes(value),
    );
    set(['schedule', 'days'], next.length === 0 ? undefined : next);
  };
  return (
    <fieldset className="days" id={fieldId('schedule.days')}>
      <legend className="field-label">Days (none chosen: every day)</legend>
      {DAYS.map(({ value, label }) => (
        <label key={value} className="day">
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
          <span>{label}</span>
        </label>
      ))}
      {problem !== undefined && <p className="field-problem">{problem}</p>}
    </fieldset>
  );
}

function Hours() {
  const { id, value, problem, set, onBlur } = useField(['schedule', 'hours']);
  const [whole = '', given = '', givenTo = ''] = /^\s*([\d:]*)\s*-\s*([\d:]*)\s*$/.exec(value) ?? [];
  // One half alone is no span yet, and stays in the form until the other is there.
  const [half, setHalf] = useState<readonly [string, string]>(['', '']);
  const [from, to] = whole === '' ? half : [given, givenTo];
  const write = (next: readonly [string, string]) => {
    setHalf(next);
    if (next[0] === '' && next[1] === '') set(undefined);
    else if (next[0] !== '' && next[1] !== '') set(`${next[0]}-${next[1]}`);
    else if (value !== '') set(undefined);
  };
  return (
    <div className="pair">
      <TextInput
        id={id}
        type="time"
        label="From"
        description="Both empty: all day."
        value={from}
        error={problem}
        onBlur={onBlur}
        onChange={(event) => write([event.currentTarget.value, to])}
      />
      <TextInput
        type="time"
        label="To"
        description="Before “from”: over midnight."
        value={to}
        onBlur={onBlur}
        onChange={(event) => write([from, event.currentTarget.value])}
      />
    </div>
  );
}

export function scheduleInWords(document: unknown): string {
  const days = listAt(document, ['schedule', 'days']);
  const hours = textAt(document, ['schedule', 'hours']);
  const [from, until] = [textAt(document, ['schedule', 'from']), textAt(document, ['schedule', 'until'])];
  const parts = [
    days.length === 0
      ? ''
      : days.map((day) => DAYS.find(({ value }) => value === day)?.label ?? String(day)).join(', '),
    hours.replace('-', ' to '),
    from === '' ? '' : `from ${from}`,
    until === '' ? '' : `until ${until}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'At any time' : parts.join(', ');
}
