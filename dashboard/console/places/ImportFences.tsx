import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { Link } from 'wouter';
import { request } from '../../api/request.ts';
import { PLACES_IN_VIEW } from '../live-map/use-places-in-view.ts';
import { Problems } from '../Problems.tsx';
import { ScrollRegion } from '../ScrollRegion.tsx';

interface ImportedFeature {
  readonly index: number;
  readonly id: string;
  readonly status: 'imported' | 'refused';
  readonly problems?: readonly { readonly path: string; readonly message: string }[];
}

interface ImportReport {
  readonly imported: number;
  readonly refused: number;
  readonly features: readonly ImportedFeature[];
  /** Of zones: the places that fall silent. */
  readonly silenced?: { readonly count: number; readonly places: readonly string[] };
}

const AREAS = {
  places: {
    path: '/api/v1/places',
    title: 'Import places',
    what: 'GeoJSON with Points (radiusMetres), LineStrings (corridorMetres), Polygons and MultiPolygons, or CSV with the columns name, lat and lon, and where wanted id, radiusMetres, tags (separated by ;), openingHours and timezone. One of the same id is replaced.',
    csv: true,
  },
  zones: {
    path: '/api/v1/sensitive-zones',
    title: 'Import sensitive zones',
    what: 'GeoJSON: a FeatureCollection with name, category (health_care, worship, shelter, school or other) and marginMetres in the properties of each.',
    csv: false,
  },
} as const;

/** More rows than anybody reads on a page; the rest is counted. */
const SHOWN_ROWS = 200;
const SHOWN_SILENT = 10;

/** Many places or zones from a file, and what became of each. */
export function ImportFences({ area }: { area: keyof typeof AREAS }) {
  const { path, title, what, csv } = AREAS[area];
  const queries = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const [radius, setRadius] = useState('');
  const [tags, setTags] = useState('');
  const [isCsv, setIsCsv] = useState(false);
  const upload = useMutation({
    mutationFn: (chosen: File) => {
      const asCsv = csv && isCsvFile(chosen);
      const query = new URLSearchParams();
      if (asCsv && radius.trim() !== '') query.set('radiusMetres', radius.trim());
      if (asCsv && tags.trim() !== '')
        query.set(
          'tags',
          tags
            .split(',')
            .map((tag) => tag.trim())
            .join(','),
        );
      const type = asCsv ? 'text/csv' : 'application/json';
      return request<ImportReport>(
        'POST',
        `${path}/import${query.size > 0 ? `?${query}` : ''}`,
        new Blob([chosen], { type }),
      );
    },
    onSuccess: () =>
      Promise.all(
        [['list', path], [`${path}.geojson`], [PLACES_IN_VIEW], ['places.geojson'], ['place-tags']].map(
          (queryKey) => queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = file.current?.files?.[0];
    if (chosen !== undefined) upload.mutate(chosen);
  };
  return (
    <>
      <p className="crumb">
        <Link href={`/${area}`}>Back to the list</Link>
      </p>
      <h1>{title}</h1>
      <p className="soft fence-intro">{what}</p>
      <form className="fence-form" onSubmit={submit}>
        <label className="fold-file">
          {csv ? 'GeoJSON or CSV file' : 'GeoJSON file'}
          <input
            ref={file}
            type="file"
            required
            accept={`.geojson,.json,application/geo+json,application/json${csv ? ',.csv,text/csv' : ''}`}
            onChange={(event) => {
              const chosen = event.currentTarget.files?.[0];
              setIsCsv(csv && chosen !== undefined && isCsvFile(chosen));
            }}
          />
        </label>
        {isCsv && (
          <>
            <TextInput
              label="Radius for rows that have none, metres"
              inputMode="numeric"
              value={radius}
              onChange={(event) => setRadius(event.currentTarget.value)}
            />
            <TextInput
              label="Tags for every row"
              description="Separated by commas"
              value={tags}
              onChange={(event) => setTags(event.currentTarget.value)}
            />
          </>
        )}
        <Problems error={upload.error} />
        <div className="fence-buttons">
          <Button type="submit" loading={upload.isPending}>
            Import
          </Button>
        </div>
      </form>
      {upload.data !== undefined && <Report report={upload.data} />}
    </>
  );
}

const isCsvFile = ({ name, type }: File): boolean =>
  type === 'text/csv' || name.toLowerCase().endsWith('.csv');

function Report({ report: { imported, refused, features, silenced } }: { report: ImportReport }) {
  const rows = features.filter(({ status }) => status === 'refused');
  return (
    <div role="status" className="fence-report">
      <p>
        <strong>{`${imported} imported, ${refused} refused.`}</strong>
      </p>
      {silenced !== undefined && silenced.count > 0 && (
        <p>{`${silenced.count.toLocaleString()} places fall silent: ${silenced.places.slice(0, SHOWN_SILENT).join(', ')}${silenced.count > SHOWN_SILENT ? ' …' : ''}`}</p>
      )}
      {rows.length > 0 && (
        <ScrollRegion label="Refused rows" className="surface list-table">
          <table>
            <thead>
              <tr>
                <th scope="col">Row</th>
                <th scope="col">Why it was refused</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, SHOWN_ROWS).map(({ index, id, problems = [] }) => (
                <tr key={index}>
                  <th scope="row">
                    {index + 1}
                    <small className="soft block">{id}</small>
                  </th>
                  <td>{problems.map(({ path, message }) => `${path} ${message}`).join('; ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > SHOWN_ROWS && (
            <p className="soft fence-note">{`${rows.length - SHOWN_ROWS} more were refused.`}</p>
          )}
        </ScrollRegion>
      )}
    </div>
  );
}
