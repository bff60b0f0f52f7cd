import { Autocomplete, Select, Textarea, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Path } from './document-fields.ts';
import { DURATION_UNITS, type DurationUnit, isoDuration, splitDuration } from './duration.ts';
import { useField } from './edit.ts';
import { Mend } from './Mend.tsx';
import { mendedText, suggestedName, withDecimalPoint } from './problem-words.ts';

interface FieldProps {
  readonly path: Path;
  readonly label: string;
  readonly description?: ReactNode;
  readonly placeholder?: string;
}

/** A text of the document; left empty it is taken out of it, unless it has to be there. */
export function TextField({
  path,
  required = false,
  lines = 1,
  type = 'text',
  ...rest
}: FieldProps & {
  readonly required?: boolean;
  readonly lines?: number;
  readonly type?: 'text' | 'date' | 'url';
}) {
  const { id, value, problem, set, onBlur } = useField(path);
  const shared = {
    ...rest,
    id,
    value,
    onBlur,
    error: problem && <Mend problem={problem} mended={mendedText(value, problem)} onTake={set} />,
    onChange: (event: { currentTarget: { value: string } }) => {
      const text = event.currentTarget.value;
      set(text === '' && !required ? undefined : text);
    },
  };
  return lines > 1 ? (
    <Textarea {...shared} autosize minRows={lines} maxRows={10} />
  ) : (
    <TextInput {...shared} type={type} />
  );
}

/** A text with suggestions: what is typed counts, whether it is among them or not. */
export function NameField({
  path,
  required = false,
  options,
  onSearch,
  ...rest
}: FieldProps & {
  readonly required?: boolean;
  readonly options: readonly { readonly value: string; readonly note?: string }[];
  /** Where the options are sought elsewhere, as they are many. */
  readonly onSearch?: (text: string) => void;
}) {
  const { id, value, problem, set, onBlur } = useField(path);
  const notes = new Map(options.map((option) => [option.value, option.note]));
  return (
    <Autocomplete
      {...rest}
      id={id}
      value={value}
      data={[...notes.keys()]}
      {...(onSearch !== undefined && { filter: ({ options: all }) => all })}
      onBlur={onBlur}
      error={problem && <Mend problem={problem} mended={suggestedName(problem)} onTake={set} />}
      comboboxProps={{ shadow: 'md' }}
      maxDropdownHeight={260}
      onChange={(text) => {
        onSearch?.(text);
        set(text === '' && !required ? undefined : text);
      }}
      renderOption={({ option }) => (
        <span className="name-option">
          <span>{option.value}</span>
          <small className="soft">{notes.get(option.value)}</small>
        </span>
      )}
    />
  );
}

/** A number. What is none goes into the document as it is typed, for the check to say what is wrong with it. */
export function NumberField({
  path,
  unit,
  required = false,
  factor = 1,
  ...rest
}: FieldProps & {
  readonly unit?: string | undefined;
  readonly required?: boolean;
  /** What the document holds is the number shown divided by this: 100 for per cent. */
  readonly factor?: number;
}) {
  const { id, value, problem, set, onBlur } = useField(path);
  const shown = value === '' || Number.isNaN(Number(value)) ? value : String(rounded(Number(value) * factor));
  // "0." is on its way to "0.5": while somebody types, their text stands.
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed !== null && sameNumber(typed, shown) ? typed : shown;
  return (
    <TextInput
      {...rest}
      id={id}
      inputMode="decimal"
      value={text}
      error={problem}
      onBlur={() => {
        setTyped(null);
        onBlur();
      }}
      rightSection={unit === undefined || unit === '' ? undefined : <span className="unit">{unit}</span>}
      rightSectionWidth={unit === undefined ? 0 : Math.max(36, unit.length * 8 + 16)}
      onChange={(event) => {
        // The text stays as it is typed: with a point for its comma, "1,000" would never come to be seen.
        setTyped(event.currentTarget.value);
        const next = withDecimalPoint(event.currentTarget.value);
        const number = Number(next);
        if (next.trim() === '') set(required ? '' : undefined);
        else set(Number.isNaN(number) ? next : rounded(number / factor));
      }}
    />
  );
}

/** 0.1 × 100 is not 10 in binary; nobody writes more than nine places. */
const rounded = (number: number): number => Number(number.toFixed(9));

const sameNumber = (typed: string, shown: string): boolean =>
  typed === shown || (typed.trim() !== '' && Number(withDecimalPoint(typed)) === Number(shown));

/** A length of time as a number and a unit; ISO 8601 in the document. */
export function DurationField({
  path,
  label,
  description,
  unit: usual = 'M',
  required = false,
}: FieldProps & { readonly unit?: DurationUnit; readonly required?: boolean }) {
  const { id, value, problem, set, onBlur } = useField(path);
  const split = splitDuration(value);
  const [chosen, setChosen] = useState<DurationUnit | null>(null);
  const unit = chosen ?? split?.unit ?? usual;
  const unitMs = DURATION_UNITS.find((one) => one.value === unit)?.ms ?? 1;
  const splitMs = DURATION_UNITS.find((one) => one.value === split?.unit)?.ms ?? 1;
  const shown = split === null ? value : String((split.count * splitMs) / unitMs);
  const write = (count: string, wanted: DurationUnit) => {
    if (count.trim() === '') set(required ? '' : undefined);
    else set(/^\d+$/.test(count.trim()) ? isoDuration(Number(count), wanted) : count);
  };
  return (
    <div className="duration-field">
      <TextInput
        id={id}
        label={label}
        description={description}
        inputMode="numeric"
        value={shown}
        error={problem}
        onBlur={onBlur}
        onChange={(event) => write(event.currentTarget.value, unit)}
      />
      <Select
        aria-label={`${label}: unit`}
        data={DURATION_UNITS.map((one) => ({ value: one.value, label: one.label }))}
        value={unit}
        allowDeselect={false}
        onChange={(next) => {
          const wanted = (next ?? usual) as DurationUnit;
          setChosen(wanted);
          write(shown, wanted);
        }}
      />
    </div>
  );
}
