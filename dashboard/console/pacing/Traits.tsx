import { NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { EditForm } from './EditForm.tsx';
import { PacingSection } from './PacingSection.tsx';
import { RowButtons } from './RowButtons.tsx';
import { useDocuments } from './use-documents.ts';
import { type EditProps, useEditing } from './use-editing.ts';

interface Trait {
  readonly name: string;
  readonly kind: string;
  readonly description?: string;
}

const KINDS = [
  { value: 'string', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes or no' },
];

/** What is known of people, by name and kind, so that conditions can be checked when they are written. */
export function Traits() {
  const mayChange = useMarkets();
  const { list, save, remove } = useDocuments<Trait>('/api/v1/traits');
  const { open, form } = useEditing(save);
  return (
    <PacingSection
      title="Profile traits"
      intro="What is known of people, as conditions write it behind consumer.attributes. As soon as one is described here, conditions may read only those that are."
      begin={mayChange && form === null ? 'New trait' : null}
      onBegin={() => open('new')}
      columns={['Trait', 'Kind', 'What it means', 'Actions']}
      empty="No trait is described: conditions may read any attribute of a consumer, and a wrong name is found only when it is missing. Describe them to have names and kinds checked."
      list={list}
      form={
        <>
          {form !== null && <TraitForm key={form.saved?.name ?? ''} {...form} />}
          <Problems error={remove.error} />
        </>
      }
    >
      {list.items.map((trait) => (
        <tr key={trait.name}>
          <th scope="row">
            <code>{trait.name}</code>
          </th>
          <td className="nowrap">{KINDS.find(({ value }) => value === trait.kind)?.label ?? trait.kind}</td>
          <td>{trait.description ?? <span className="soft">not said</span>}</td>
          <td>
            <RowButtons
              name={trait.name}
              removal="A trait that a live or paused rule or a segment reads stays."
              onChange={() => open(trait)}
              onRemove={() => remove.mutate(trait.name)}
            />
          </td>
        </tr>
      ))}
    </PacingSection>
  );
}

function TraitForm({ saved, onSave, ...frame }: EditProps<Trait>) {
  const [name, setName] = useState(saved?.name ?? '');
  const [kind, setKind] = useState(saved?.kind ?? 'string');
  const [description, setDescription] = useState(saved?.description ?? '');
  const said = description.trim();
  return (
    <EditForm
      title={saved === null ? 'New trait' : `Change ${saved.name}`}
      save="Save trait"
      onSave={() => onSave(name, { kind, ...(said === '' ? {} : { description: said }) })}
      {...frame}
    >
      {saved === null && (
        <TextInput
          label="Name"
          description="Letters, digits and _, such as tier"
          required
          pattern="[A-Za-z_][A-Za-z0-9_]{0,63}"
          value={name}
          onChange={(event) => setName(event.currentTarget.value.trim())}
        />
      )}
      <NativeSelect
        label="Kind"
        description="What its values are"
        data={KINDS}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value)}
      />
      <TextInput
        label="What it means"
        description="May be left out"
        maxLength={500}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
    </EditForm>
  );
}
