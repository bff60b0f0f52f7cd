import { Button, Skeleton, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { PlaceRecord } from '../../api/shapes.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { Confirm } from '../Confirm.tsx';
import { idOfName } from '../id-of-name.ts';
import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { isWhole } from './fence-shape.ts';
import { ShapeFields } from './ShapeFields.tsx';
import { TagsField } from './TagsField.tsx';
import type { Draft } from './use-draft.ts';
import { useFenceRecord } from './use-fence-record.ts';

const SMALLEST_RADIUS_METRES = 10;
const TIMEZONES = Intl.supportedValuesOf('timeZone');

interface Props {
  /** Null for a new one. */
  readonly id: string | null;
  readonly draft: Draft;
  readonly hasMap: boolean;
  /** A new one was saved under this id. */
  readonly onMade: (id: string) => void;
}

/** One place: its shape and what is said of it. */
export function PlaceEditor({ id, draft, hasMap, onMade }: Props) {
  const editor = useFenceRecord<PlaceRecord>('/api/v1/places', id, draft);
  const { record } = editor;
  return (
    <>
      <p className="crumb">
        <Link href="/places">All places</Link>
      </p>
      <h1>{id === null ? 'New place' : (record.data?.name ?? id)}</h1>
      {record.isError && <Trouble error={record.error} onRetry={() => record.refetch()} />}
      {id !== null && record.isPending && <Skeleton height={320} role="status" aria-label="Loading" />}
      {(id === null || record.data !== undefined) && (
        <PlaceForm id={id} draft={draft} hasMap={hasMap} onMade={onMade} editor={editor} />
      )}
    </>
  );
}

interface FormProps extends Props {
  readonly editor: ReturnType<typeof useFenceRecord<PlaceRecord>>;
}

interface Fields {
  readonly name: string;
  readonly id: string | null;
  readonly tags: readonly string[];
  readonly openingHours: string;
  readonly timezone: string;
}

function PlaceForm({ id, draft, hasMap, onMade, editor: { record, save, remove } }: FormProps) {
  const mayChange = useMarkets();
  const [, navigate] = useLocation();
  const properties = (record.data?.feature.properties ?? {}) as Partial<Record<string, unknown>>;
  const [fields, setFields] = useState<Fields>({
    name: record.data?.name ?? '',
    id: null,
    tags: Array.isArray(properties.tags) ? properties.tags.map(String) : [],
    openingHours: String(properties.openingHours ?? ''),
    timezone: String(properties.timezone ?? ''),
  });
  const [asked, setAsked] = useState(false);
  const set = (change: Partial<Fields>) => setFields({ ...fields, ...change });
  const newId = id ?? fields.id ?? idOfName(fields.name);
  const { shape } = draft;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, tags, openingHours, timezone } = fields;
    save.mutate(
      {
        id: newId,
        properties: {
          name: name.trim(),
          tags,
          openingHours: openingHours.trim() || null,
          timezone: timezone.trim() || null,
        },
      },
      { onSuccess: () => id === null && onMade(newId) },
    );
  };
  return (
    <form className="fence-form" onSubmit={submit}>
      <TextInput
        label="Name"
        description="As offers and people will see it"
        required
        maxLength={200}
        value={fields.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {id === null && (
        <TextInput
          label="Id"
          description="By which rules name it; it stays"
          required
          pattern="[A-Za-z0-9._:\-]{1,128}"
          value={newId}
          onChange={(event) => set({ id: event.currentTarget.value.trim() })}
        />
      )}
      <ShapeFields draft={draft} hasMap={hasMap} minRadius={SMALLEST_RADIUS_METRES} />
      <TagsField tags={fields.tags} onTags={(tags) => set({ tags })} />
      <TextInput
        label="Opening hours (may be left out)"
        description="In words or as OpenStreetMap writes them, such as Mo-Fr 08:00-18:00"
        maxLength={500}
        value={fields.openingHours}
        onChange={(event) => set({ openingHours: event.currentTarget.value })}
      />
      <TextInput
        label="Time zone (may be left out)"
        description="Of hours in rules about this place, such as Europe/Rome"
        list="timezones"
        value={fields.timezone}
        onChange={(event) => set({ timezone: event.currentTarget.value })}
      />
      <datalist id="timezones">
        {TIMEZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      <Problems error={save.error ?? remove.error} />
      {save.isSuccess && (
        <p className="fence-saved" role="status">
          Saved. It holds within a second.
        </p>
      )}
      {mayChange && (
        <div className="fence-buttons">
          <Button type="submit" loading={save.isPending} disabled={shape === null || !isWhole(shape)}>
            {id === null ? 'Save place' : 'Save changes'}
          </Button>
          {id !== null && (
            <Button variant="default" color="red" onClick={() => setAsked(true)}>
              Remove
            </Button>
          )}
        </div>
      )}
      {asked && (
        <Confirm
          title={`Remove ${record.data?.name ?? id}?`}
          confirm="Remove for good"
          danger
          busy={remove.isPending}
          onCancel={() => setAsked(false)}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => navigate('/places') })}
        >
          <p>
            Rules that name it find nobody there any more, and visits that are open end. This is for good.
          </p>
        </Confirm>
      )}
    </form>
  );
}
