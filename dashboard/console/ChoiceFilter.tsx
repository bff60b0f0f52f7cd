import { Select } from '@mantine/core';

/** A list that is longer is searched rather than looked through. */
const MOST_LOOKED_THROUGH = 10;

interface Props {
  readonly label: string;
  /** What stands there while none is chosen. */
  readonly placeholder?: string;
  /** By value, what it is called. */
  readonly choices: Readonly<Record<string, string>>;
  /** Empty for none. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Filters by one of a few values. */
export function ChoiceFilter({ label, placeholder = 'Any', choices, value, onChange }: Props) {
  const data = Object.entries(choices).map(([choice, name]) => ({ value: choice, label: name }));
  return (
    <Select
      label={label}
      placeholder={placeholder}
      clearable
      clearButtonProps={{ 'aria-label': `Clear the filter “${label}”` }}
      searchable={data.length > MOST_LOOKED_THROUGH}
      data={data}
      value={value || null}
      onChange={(chosen) => onChange(chosen ?? '')}
    />
  );
}
