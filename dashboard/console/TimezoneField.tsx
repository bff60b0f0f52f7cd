import { TextInput } from '@mantine/core';
import { useId } from 'react';

const TIMEZONES = Intl.supportedValuesOf('timeZone');

interface Props {
  readonly label: string;
  readonly description: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

/** A time zone by its name, which the browser helps to find. */
export function TimezoneField({ label, description, value, onValue }: Props) {
  const list = useId();
  return (
    <>
      <TextInput
        label={label}
        description={description}
        list={list}
        value={value}
        onChange={(event) => onValue(event.currentTarget.value)}
      />
      <datalist id={list}>
        {TIMEZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
