import { TextInput } from '@mantine/core';
import { useState } from 'react';

interface Props {
  readonly label: string;
  readonly description?: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onValue: (value: number) => void;
}

/** A number that is taken as soon as it is one, and stays as it was typed while it is not. */
export function NumberField({ label, description, value, min, max, onValue }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? String(value);
  const good = isBetween(text, min, max);
  return (
    <TextInput
      label={label}
      description={description}
      inputMode="decimal"
      value={text}
      error={good ? null : `A number from ${min} to ${max}`}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setTyped(next);
        if (isBetween(next, min, max)) onValue(Number(next));
      }}
      onBlur={() => good && setTyped(null)}
    />
  );
}

function isBetween(text: string, min: number, max: number): boolean {
  return text.trim() !== '' && Number(text) >= min && Number(text) <= max;
}
