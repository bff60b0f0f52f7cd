import { Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { idOfName } from '../id-of-name.ts';
import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { EditForm } from './EditForm.tsx';
import { PacingSection } from './PacingSection.tsx';
import { RowButtons } from './RowButtons.tsx';
import { useDocuments } from './use-documents.ts';

interface Segment {
  readonly id: string;
  readonly name: string;
  readonly when: string;
}

/** Groups of people that have something in common. */
export function Segments() {
  const mayChange = useMarkets();
  const { list, save, remove } = useDocuments<Segment>('/api/v1/segments');
  const [editing, setEditing] = useState<Segment | 'new' | null>(null);
  const open = (next: Segment | 'new' | null) => {
    save.reset();
    setEditing(next);
  };
  return (
    <PacingSection
      title="Segments"
      intro="People who have something in common. A rule names one as its audience, or finds it in its condition."
      begin={mayChange && editing === null ? 'New segment' : null}
      onBegin={() => open('new')}
      columns={['Segment', 'Who is in it', 'Actions']}
      empty="There is no segment yet. Make one of a condition on what is known of people, such as a tier or a city."
      list={list}
      form={
        <>
          {editing !== null && (
            <SegmentForm
              key={editing === 'new' ? '' : editing.id}
              segment={editing === 'new' ? null : editing}
              busy={save.isPending}
              error={save.error}
              onCancel={() => open(null)}
              onSave={({ id, ...document }) =>
                save.mutate({ id, document, isNew: editing === 'new' }, { onSuccess: () => setEditing(null) })
              }
            />
          )}
          <Problems error={remove.error} />
        </>
      }
    >
      {list.items.map((segment) => (
        <tr key={segment.id}>
          <th scope="row">
            {segment.name}
            <small className="soft block">{segment.id}</small>
          </th>
          <td>
            <code className="cel">{segment.when}</code>
          </td>
          <td>
            <RowButtons
              name={segment.name}
              removal="A segment that a live or paused rule uses stays."
              onChange={() => open(segment)}
              onRemove={() => remove.mutate(segment.id)}
            />
          </td>
        </tr>
      ))}
    </PacingSection>
  );
}

interface FormProps {
  readonly segment: Segment | null;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onSave: (segment: Segment) => void;
  readonly onCancel: () => void;
}

function SegmentForm({ segment, busy, error, onSave, onCancel }: FormProps) {
  const [name, setName] = useState(segment?.name ?? '');
  const [typedId, setTypedId] = useState<string | null>(null);
  const [when, setWhen] = useState(segment?.when ?? '');
  const id = segment?.id ?? typedId ?? idOfName(name);
  return (
    <EditForm
      title={segment === null ? 'New segment' : `Change ${segment.name}`}
      save="Save segment"
      busy={busy}
      error={error}
      onSave={() => onSave({ id, name: name.trim(), when })}
      onCancel={onCancel}
    >
      <TextInput
        label="Name"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {segment === null && (
        <TextInput
          label="Id"
          required
          pattern="[A-Za-z0-9._:\-]{1,128}"
          value={id}
          onChange={(event) => setTypedId(event.currentTarget.value.trim())}
        />
      )}
      <Textarea
        className="edit-wide cel-field"
        label="Who is in it"
        description={
          'A condition over the consumer, such as consumer.attributes.tier == "gold" && consumer.timezone == "Europe/Rome"'
        }
        required
        autosize
        minRows={2}
        maxRows={8}
        value={when}
        onChange={(event) => setWhen(event.currentTarget.value)}
      />
    </EditForm>
  );
}
