import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { idOfName } from './id-of-name.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * The name of one thing, and its id: made of the name until one is typed.
 *
 * @param saved null for a new one
 */
export function useNameAndId(saved: Named | null) {
  const [name, setName] = useState(saved?.name ?? '');
  const [typedId, setTypedId] = useState<string | null>(null);
  return {
    name: name.trim(),
    id: saved?.id ?? typedId ?? idOfName(name),
    fields: { name, setName, setTypedId, isNew: saved === null },
  };
}

interface Props extends Omit<ReturnType<typeof useNameAndId>, 'name'> {
  readonly about?: { readonly name: string; readonly id: string };
}

/** The fields of a name and, of a new thing, its id. */
export function NameAndId({ id, fields: { name, setName, setTypedId, isNew }, about }: Props) {
  return (
    <>
      <TextInput
        label="Name"
        description={about?.name}
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {isNew && (
        <TextInput
          label="Id"
          description={about?.id}
          required
          pattern="[A-Za-z0-9._:\-]{1,128}"
          value={id}
          onChange={(event) => setTypedId(event.currentTarget.value.trim())}
        />
      )}
    </>
  );
}
