import { makeReading, type RecordedReading, RecordingError, type RecordingFormat } from '../recording.ts';

const KMH_PER_MS = 3.6;
const MS_PER_DAY = 86_400_000;
/** Heads the column with the UTC clock; local time there was three hours less. */
const UTC_COLUMN = '03:00:00';
const NEEDED = ['LONG', 'LAT', 'DAY', UTC_COLUMN, 'TRIP', 'SPD_KMH', 'ACEL_MS2', 'HEADING'] as const;
type Column = (typeof NEEDED)[number];

/**
 * The naturalistic driving study of Curitiba: semicolons, decimal commas, one row a second. Its altitude has lost the
 * decimal mark and is left out; it has no accuracy.
 */
export const curitibaFormat: RecordingFormat = {
  name: 'Curitiba CSV',
  deviceType: 'car',
  recognises: (text) => {
    const header = text.slice(0, 1000).split('\n', 1)[0] ?? '';
    return header.startsWith('DRIVER;') && header.includes(`;${UTC_COLUMN};`);
  },
  parse(text) {
    const [header = '', ...rows] = text.split(/\r?\n/).filter((line) => line !== '');
    const cell = cellReader(header);
    const readings: RecordedReading[] = [];
    let before = { trip: '', at: Number.NaN };
    for (const row of rows) {
      const cells = row.split(';');
      const trip = cell(cells, 'TRIP');
      let at = parseTime(cell(cells, 'DAY'), cell(cells, UTC_COLUMN));
      // The day is the local one: when UTC passes midnight on the way, it stays.
      if (before.trip === trip && at < before.at - MS_PER_DAY / 2) at += MS_PER_DAY;
      const reading = toReading(at, (column) => parseDecimal(cell(cells, column)));
      if (Number.isFinite(at)) before = { trip, at };
      if (reading !== null) readings.push(reading);
    }
    return { readings, skipped: rows.length - readings.length };
  },
};

function toReading(at: number, decimal: (column: Column) => number | undefined): RecordedReading | null {
  const kmh = decimal('SPD_KMH');
  const heading = decimal('HEADING');
  return makeReading(
    at,
    {
      lat: decimal('LAT'),
      lon: decimal('LONG'),
      speed: kmh === undefined ? undefined : kmh / KMH_PER_MS,
      heading: heading !== undefined && heading >= 0 && heading <= 360 ? heading : undefined,
    },
    { acceleration: decimal('ACEL_MS2') },
  );
}

function cellReader(header: string): (cells: readonly string[], column: Column) => string {
  const names = header.split(';');
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new RecordingError(`lacks the columns ${missing.join(', ')}`);
  const index = Object.fromEntries(NEEDED.map((name) => [name, names.indexOf(name)])) as Record<
    Column,
    number
  >;
  return (cells, column) => cells[index[column]] ?? '';
}

/** "26/8/2019" and "22:17:27" as epoch ms; NaN for anything else. */
function parseTime(day: string, clock: string): number {
  const [, date, month, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(day) ?? [];
  const [, hour, minute, second] = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(clock) ?? [];
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(date),
    Number(hour),
    Number(minute),
    Number(second),
  );
}

/** "-49,23446"; undefined for an empty cell and for what is no number. */
function parseDecimal(text: string): number | undefined {
  return /^-?\d+(,\d+)?$/.test(text) ? Number(text.replace(',', '.')) : undefined;
}
