import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';

const TYPING_PAUSE_MS = 300;

interface Props {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Filters by an exact text, such as an id, once the typing pauses. */
export function TextFilter({ label, placeholder, value, onChange }: Props) {
  const [text, setText] = useState(value);
  const [settled] = useDebouncedValue(text, TYPING_PAUSE_MS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a pause in typing changes the filter
  useEffect(() => {
    if (settled.trim() !== value) onChange(settled.trim());
  }, [settled]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is set elsewhere, such as by a press on a row, is taken over
  useEffect(() => {
    if (value !== settled.trim()) setText(value);
  }, [value]);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  );
}
