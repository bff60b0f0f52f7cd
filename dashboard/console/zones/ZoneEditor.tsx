import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Trouble } from '../../look/Trouble.tsx';
import { Confirm } from '../Confirm.tsx';
import { idOfName } from '../id-of-name.ts';
import { Problems } from '../Problems.tsx';
import { isWhole } from '../places/fence-shape.ts';
import { NumberField } from '../places/NumberField.tsx';
import { ShapeFields } from '../places/ShapeFields.tsx';
import type { Draft } from '../places/use-draft.ts';
import { type FenceRecord, useFenceRecord } from '../places/use-fence-record.ts';
import { useMarkets } from '../use-role.ts';
import { CATEGORIES, DEFAULT_MARGIN_METRES } from './use-zones.ts';

/** What saving a zone answers. */
interface SavedZone extends FenceRecord {
  /** Places in it or too near, by their ids: the first thousand. */
  readonly silenced: { readonly count: number; readonly places: readonly string[] };
}

interface Props {
  /** Null for a new one. */
  readonly id: string | null;
  readonly draft: Draft;
  readonly hasMap: boolean;
  /** A new one was saved under this id. */
  readonly onMade: (id: string) => void;
}

/** One sensitive zone: its shape, its margin, and which places fall silent for it. */
export function ZoneEditor({ id, draft, hasMap, onMade }: Props) {
  const editor = useFenceRecord<SavedZone>('/api/v1/sensitive-zones', id, draft);
  const { record } = editor;
  return (
    <>
      <p className="crumb">
        <Link href="/zones">All zones</Link>
      </p>
      <h1>{id === null ? 'New sensitive zone' : (record.data?.name ?? id)}</h1>
      {record.isError && <Trouble error={record.error} onRetry={() => record.refetch()} />}
      {id !== null && record.isPending && <Skeleton height={320} role="status" aria-label="Loading" />}
      {(id === null || record.data !== undefined) && (
        <ZoneForm id={id} draft={draft} hasMap={hasMap} onMade={onMade} editor={editor} />
      )}
    </>
  );
}

interface FormProps extends Props {
  readonly editor: ReturnType<typeof useFenceRecord<SavedZone>>;
}

function ZoneForm({ id, draft, hasMap, onMade, editor: { record, save, remove } }: FormProps) {
  const mayChange = useMarkets();
  const [, navigate] = useLocation();
  const properties = record.data?.feature.properties ?? {};
  const [name, setName] = useState(record.data?.name ?? '');
  const [typedId, setTypedId] = useState<string | null>(null);
  const [category, setCategory] = useState(String(properties.category ?? 'health_care'));
  const [margin, setMargin] = useState(Number(properties.marginMetres ?? DEFAULT_MARGIN_METRES));
  const [asked, setAsked] = useState(false);
  const newId = id ?? typedId ?? idOfName(name);
  const { shape, setMargin: showMargin } = draft;
  useEffect(() => {
    showMargin(margin);
    return () => showMargin(null);
  }, [margin, showMargin]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      { id: newId, properties: { name: name.trim(), category, marginMetres: margin } },
      { onSuccess: () => id === null && onMade(newId) },
    );
  };
  return (
    <form className="fence-form" onSubmit={submit}>
      <TextInput
        label="Name"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {id === null && (
        <TextInput
          label="Id"
          required
          pattern="[A-Za-z0-9._:\-]{1,128}"
          value={newId}
          onChange={(event) => setTypedId(event.currentTarget.value.trim())}
        />
      )}
      <ShapeFields draft={draft} hasMap={hasMap} minRadius={0} />
      <NativeSelect
        label="Category"
        data={[...CATEGORIES]}
        value={category}
        onChange={(event) => setCategory(event.currentTarget.value)}
      />
      <NumberField
        label="Margin, metres"
        description="From the edge. 610 m (2,000 feet) is what Washington’s law RCW 19.373.080 asks for round health care; smaller only where you know that no such law holds."
        value={margin}
        min={0}
        max={50_000}
        onValue={setMargin}
      />
      <Problems error={save.error ?? remove.error} />
      {save.data !== undefined && !save.isPending && <Silenced saved={save.data} />}
      {mayChange && (
        <div className="fence-buttons">
          <Button type="submit" loading={save.isPending} disabled={shape === null || !isWhole(shape)}>
            {id === null ? 'Save zone' : 'Save changes'}
          </Button>
          {id !== null && (
            <Button variant="default" onClick={() => setAsked(true)}>
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
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => navigate('/zones') })}
        >
          <p>Visits are kept and offers are sent there again, from the next reading on.</p>
        </Confirm>
      )}
    </form>
  );
}

const SHOWN = 20;

function Silenced({ saved: { silenced } }: { saved: SavedZone }) {
  const { count, places } = silenced;
  return (
    <div className="fence-saved" role="status">
      <p>Saved. It holds within a second.</p>
      {count > 0 && (
        <>
          <p>
            <strong>
              {count === 1 ? 'One place falls silent:' : `${count.toLocaleString()} places fall silent:`}
            </strong>
          </p>
          <ul>
            {places.slice(0, SHOWN).map((place) => (
              <li key={place}>
                <Link href={`/places/${encodeURIComponent(place)}`}>{place}</Link>
              </li>
            ))}
          </ul>
          {count > SHOWN && <p>{`and ${(count - SHOWN).toLocaleString()} more.`}</p>}
        </>
      )}
    </div>
  );
}
