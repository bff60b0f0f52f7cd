import { Skeleton, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { Trouble } from '../../look/Trouble.tsx';
import { FenceListHead } from '../places/FenceListHead.tsx';
import { categoryInWords, useZones } from './use-zones.ts';

const SHOWN = 200;

/** The sensitive zones by name. */
export function ZoneList() {
  const { shapes, query } = useZones();
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const found = shapes
    .filter(({ id, name }) => `${name} ${id}`.toLowerCase().includes(wanted))
    .sort((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      <FenceListHead
        title="Sensitive zones"
        intro="Round hospitals, places of worship, shelters and schools no visit is kept and nothing is sent: in the zone, and in a margin round its edge."
        href="/zones"
        begin="New zone"
      />
      {query.isError && <Trouble error={query.error} onRetry={() => query.refetch()} />}
      {query.isPending && <Skeleton height={240} role="status" aria-label="Loading" />}
      {shapes.length > 0 && (
        <TextInput
          label="Name or id"
          type="search"
          size="xs"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      {query.isSuccess && found.length === 0 && (
        <p className="soft fence-empty">
          {shapes.length > 0
            ? 'No zone matches.'
            : 'There is no sensitive zone yet. Draw one on the map, or import those of your country from GeoJSON.'}
        </p>
      )}
      <ul className="fence-list" aria-label="Sensitive zones">
        {found.slice(0, SHOWN).map(({ id, name, category, marginMetres }) => (
          <li key={id}>
            <Link href={`/zones/${encodeURIComponent(id)}`}>
              <strong>{name}</strong>
              <span className="soft">{`${categoryInWords(category)}, ${marginMetres} m round it`}</span>
            </Link>
          </li>
        ))}
      </ul>
      {found.length > SHOWN && (
        <p className="soft fence-note">{`${found.length - SHOWN} more: search to narrow the list.`}</p>
      )}
    </>
  );
}
