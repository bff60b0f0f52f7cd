import { WaysideError } from '../errors.ts';
import { parseCsv } from './csv.ts';

/** What rows get that do not say it themselves. */
export interface CsvDefaults {
  readonly radiusMetres?: number | undefined;
  readonly tags: readonly string[];
}

/** Column names by what they mean, in lower case. */
const COLUMNS = {
  id: ['id'],
  name: ['name'],
  lat: ['lat', 'latitude'],
  lon: ['lon', 'lng', 'longitude'],
  radiusMetres: ['radiusmetres', 'radius_metres'],
  tags: ['tags'],
  openingHours: ['openinghours', 'opening_hours'],
  timezone: ['timezone'],
} as const;

type Column = keyof typeof COLUMNS;

const TAG_SEPARATOR = ';';

/**
 * Makes Features, circles, of CSV with a header row: `name`, `lat`, `lon`, and where there `id`,
 * `radiusMetres`, `tags` (separated by `;`), `openingHours`, `timezone`; other columns are passed over. Whether the values
 * are good is for the import to say, row by row.
 *
 * @throws WaysideError `invalid_document` where a needed column is missing or a quote is left open
 */
export function* featuresOfCsv(text: string, defaults: CsvDefaults): Generator<object> {
  const rows = parseCsv(text);
  const first = rows.next();
  const header: readonly string[] = first.done === true ? [] : first.value.cells;
  const names = header.map((name) => name.trim().toLowerCase());
  const at = (column: Column) =>
    names.findIndex((name) => (COLUMNS[column] as readonly string[]).includes(name));
  const positions = Object.fromEntries(
    (Object.keys(COLUMNS) as Column[]).map((column) => [column, at(column)]),
  ) as Record<Column, number>;
  const missing = (['name', 'lat', 'lon'] as const).filter((column) => positions[column] === -1);
  if (missing.length > 0) {
    const message = `the header row has no column ${missing.join(', ')}; it has ${header.join(', ').slice(0, 500)}`;
    throw new WaysideError('invalid_document', message, { problems: [{ path: 'line 1', message }] });
  }
  for (const { cells } of rows)
    yield featureOf((column) => cells[positions[column]]?.trim() || undefined, defaults);
}

function featureOf(cell: (column: Column) => string | undefined, defaults: CsvDefaults): object {
  const number = (column: Column) => {
    const text = cell(column);
    return text === undefined ? undefined : Number(text);
  };
  const tags =
    cell('tags')
      ?.split(TAG_SEPARATOR)
      .map((tag) => tag.trim()) ?? [];
  return {
    type: 'Feature',
    id: cell('id'),
    geometry: { type: 'Point', coordinates: [number('lon'), number('lat')] },
    properties: {
      name: cell('name'),
      radiusMetres: number('radiusMetres') ?? defaults.radiusMetres,
      tags: [...tags, ...defaults.tags],
      openingHours: cell('openingHours'),
      timezone: cell('timezone'),
    },
  };
}
