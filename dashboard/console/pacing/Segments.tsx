import { Textarea } from '@mantine/core';
import { useState } from 'react';
import { NameAndId, useNameAndId } from '../NameAndId.tsx';
import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { EditForm } from './EditForm.tsx';
import { PacingSection } from './PacingSection.tsx';
import { RowButtons } from './RowButtons.tsx';
import { useDocuments } from './use-documents.ts';
import { type EditProps, useEditing } from './use-editing.ts';

interface Segment {
  readonly id: string;
  readonly name: string;
  readonly when: string;
}

/** Groups of people that have something in common. */
export function Segments() {
  const mayChange = useMarkets();
  const { list, save, remove } = useDocuments<Segment>('/api/v1/segments');
  const { open, form } = useEditing(save);
  return (
    <PacingSection
      title="Segments"
      intro="People who have something in common. A rule names one as its audience, or finds it in its condition."
      begin={mayChange && form === null ? 'New segment' : null}
      onBegin={() => open('new')}
      columns={['Segment', 'Who is in it', 'Actions']}
      empty="There is no segment yet. Make one of a condition on what is known of people, such as a tier or a city."
      list={list}
      form={
        <>
          {form !== null && <SegmentForm key={form.saved?.id ?? ''} {...form} />}
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

function SegmentForm({ saved, onSave, ...frame }: EditProps<Segment>) {
  const named = useNameAndId(saved);
  const [when, setWhen] = useState(saved?.when ?? '');
  return (
    <EditForm
      title={saved === null ? 'New segment' : `Change ${saved.name}`}
      save="Save segment"
      onSave={() => onSave(named.id, { name: named.name, when })}
      {...frame}
    >
      <NameAndId {...named} />
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
