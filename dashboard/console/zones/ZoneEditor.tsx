import { NativeSelect } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { Link } from 'wouter';
import { NameAndId, useNameAndId } from '../NameAndId.tsx';
import { type EditorProps, FenceFormEnd, FenceFrame } from '../places/FenceFrame.tsx';
import { NumberField } from '../places/NumberField.tsx';
import { ShapeFields } from '../places/ShapeFields.tsx';
import { type FenceRecord, useFenceRecord } from '../places/use-fence-record.ts';
import { CATEGORIES, DEFAULT_MARGIN_METRES } from './use-zones.ts';

/** What saving a zone answers. */
interface SavedZone extends FenceRecord {
  /** Places in it or too near, by their ids: the first thousand. */
  readonly silenced: { readonly count: number; readonly places: readonly string[] };
}

/** One sensitive zone: its shape, its margin, and which places fall silent for it. */
export function ZoneEditor(props: EditorProps) {
  const { id, draft } = props;
  const editor = useFenceRecord<SavedZone>('/api/v1/sensitive-zones', id, draft);
  return (
    <FenceFrame
      id={id}
      record={editor.record}
      list={{ href: '/zones', name: 'All zones' }}
      newTitle="New sensitive zone"
    >
      <ZoneForm {...props} editor={editor} />
    </FenceFrame>
  );
}

interface FormProps extends EditorProps {
  readonly editor: ReturnType<typeof useFenceRecord<SavedZone>>;
}

function ZoneForm({ id, draft, hasMap, onMade, editor }: FormProps) {
  const { record, save } = editor;
  const properties = record.data?.feature.properties ?? {};
  const named = useNameAndId(record.data ?? null);
  const [category, setCategory] = useState(String(properties.category ?? 'health_care'));
  const [margin, setMargin] = useState(Number(properties.marginMetres ?? DEFAULT_MARGIN_METRES));
  const { setMargin: showMargin } = draft;
  useEffect(() => {
    showMargin(margin);
    return () => showMargin(null);
  }, [margin, showMargin]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      { id: named.id, properties: { name: named.name, category, marginMetres: margin } },
      { onSuccess: () => id === null && onMade(named.id) },
    );
  };
  return (
    <form className="fence-form" onSubmit={submit}>
      <NameAndId {...named} />
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
      <FenceFormEnd
        id={id}
        draft={draft}
        editor={editor}
        listHref="/zones"
        saveNew="Save zone"
        removal="Visits are kept and offers are sent there again, from the next reading on."
      >
        {save.data !== undefined && !save.isPending && <Silenced saved={save.data} />}
      </FenceFormEnd>
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
