import { Button, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { Link } from 'wouter';
import type { PlaceRecord } from '../../api/shapes.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { shapeInWords } from '../shape-in-words.ts';
import { useList } from '../use-list.ts';
import { usePlaceTags } from '../use-place-tags.ts';
import { FenceListHead } from './FenceListHead.tsx';

const TYPING_MS = 250;

/** The places, newest first, searched by name and tag; each opens on the map. */
export function PlaceList() {
  const [text, setText] = useState('');
  const [tag, setTag] = useState('');
  const [filters] = useDebouncedValue({ text: text.trim(), tag: tag.trim() }, TYPING_MS);
  const list = useList<PlaceRecord>('/api/v1/places', filters);
  const tags = usePlaceTags();
  const searched = filters.text !== '' || filters.tag !== '';
  return (
    <>
      <FenceListHead
        title="Places"
        intro="The named areas that rules speak of, by id or by tag."
        href="/places"
        begin="New place"
      />
      <div className="fence-search">
        <TextInput
          label="Name or id"
          type="search"
          size="xs"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <TextInput
          label="Tag"
          type="search"
          size="xs"
          list="known-tags"
          value={tag}
          onChange={(event) => setTag(event.currentTarget.value)}
        />
        <datalist id="known-tags">
          {tags.map((known) => (
            <option key={known.tag} value={known.tag} />
          ))}
        </datalist>
      </div>
      {list.isError && <Trouble error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && <Skeleton height={240} role="status" aria-label="Loading" />}
      {list.isSuccess && list.items.length === 0 && (
        <p className="soft fence-empty">
          {searched
            ? 'No place matches. A tag has to be written in full.'
            : 'There is no place yet. Draw the first one on the map, or import many from GeoJSON or CSV.'}
        </p>
      )}
      <ul className="fence-list" aria-label="Places">
        {list.items.map(({ id, name, feature }) => (
          <li key={id}>
            <Link href={`/places/${encodeURIComponent(id)}`}>
              <strong>{name}</strong>
              <span className="soft">{shapeInWords(feature)}</span>
              <Tags tags={feature.properties?.tags ?? []} />
            </Link>
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function Tags({ tags }: { tags: readonly string[] }) {
  return tags.length === 0 ? null : <span className="soft fence-tags">{tags.join(', ')}</span>;
}
