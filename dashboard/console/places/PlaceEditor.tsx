import { TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { PlaceRecord } from '../../api/shapes.ts';
import { NameAndId, useNameAndId } from '../NameAndId.tsx';
import { TimezoneField } from '../TimezoneField.tsx';
import { type EditorProps, FenceFormEnd, FenceFrame } from './FenceFrame.tsx';
import { ShapeFields } from './ShapeFields.tsx';
import { TagsField } from './TagsField.tsx';
import { useFenceRecord } from './use-fence-record.ts';

const SMALLEST_RADIUS_METRES = 10;

/** One place: its shape and what is said of it. */
export function PlaceEditor(props: EditorProps) {
  const { id, draft } = props;
  const editor = useFenceRecord<PlaceRecord>('/api/v1/places', id, draft);
  return (
    <FenceFrame
      id={id}
      record={editor.record}
      list={{ href: '/places', name: 'All places' }}
      newTitle="New place"
    >
      <PlaceForm {...props} editor={editor} />
    </FenceFrame>
  );
}

interface FormProps extends EditorProps {
  readonly editor: ReturnType<typeof useFenceRecord<PlaceRecord>>;
}

interface Fields {
  readonly tags: readonly string[];
  readonly openingHours: string;
  readonly timezone: string;
}

function PlaceForm({ id, draft, hasMap, onMade, editor }: FormProps) {
  const { record, save } = editor;
  const properties = (record.data?.feature.properties ?? {}) as Partial<Record<string, unknown>>;
  const named = useNameAndId(record.data ?? null);
  const [fields, setFields] = useState<Fields>({
    tags: Array.isArray(properties.tags) ? properties.tags.map(String) : [],
    openingHours: String(properties.openingHours ?? ''),
    timezone: String(properties.timezone ?? ''),
  });
  const set = (change: Partial<Fields>) => setFields({ ...fields, ...change });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { tags, openingHours, timezone } = fields;
    save.mutate(
      {
        id: named.id,
        properties: {
          name: named.name,
          tags,
          openingHours: openingHours.trim() || null,
          timezone: timezone.trim() || null,
        },
      },
      { onSuccess: () => id === null && onMade(named.id) },
    );
  };
  return (
    <form className="fence-form" onSubmit={submit}>
      <NameAndId
        {...named}
        about={{ name: 'As offers and people will see it', id: 'By which rules name it; it stays' }}
      />
      <ShapeFields draft={draft} hasMap={hasMap} minRadius={SMALLEST_RADIUS_METRES} />
      <TagsField tags={fields.tags} onTags={(tags) => set({ tags })} />
      <TextInput
        label="Opening hours (may be left out)"
        description="In words or as OpenStreetMap writes them, such as Mo-Fr 08:00-18:00"
        maxLength={500}
        value={fields.openingHours}
        onChange={(event) => set({ openingHours: event.currentTarget.value })}
      />
      <TimezoneField
        label="Time zone (may be left out)"
        description="Of hours in rules about this place, such as Europe/Rome"
        value={fields.timezone}
        onValue={(timezone) => set({ timezone })}
      />
      <FenceFormEnd
        id={id}
        draft={draft}
        editor={editor}
        listHref="/places"
        saveNew="Save place"
        removal="Rules that name it find nobody there any more, and visits that are open end. This is for good."
      >
        {save.isSuccess && (
          <p className="fence-saved" role="status">
            Saved. It holds within a second.
          </p>
        )}
      </FenceFormEnd>
    </form>
  );
}
