import { isValidId } from '../../broker/topics.ts';
import { describeFound } from '../../rules/document/document.ts';
import { suggestion } from '../../rules/document/nearest-name.ts';
import { WaysideError } from '../errors.ts';
import { parseCsv } from './csv.ts';

export const MAX_IMPORT_ROWS = 10_000;
const COLUMNS = ['id', 'type', 'consumerId'] as const;
const NEEDED = ['id', 'type'] as const;

/** A row that says what is to be registered, or what is wrong with it. */
export type CsvDevice =
  | {
      readonly kind: 'device';
      /** As a spreadsheet counts: the header is row 1. */
      readonly row: number;
      readonly id: string;
      readonly type: string;
      readonly consumerId: string | null;
    }
  | { readonly kind: 'wrong'; readonly row: number; readonly id: string; readonly message: string };

/**
 * Reads devices from CSV with a header row: `id`, `type`, and where there `consumerId`; in any order, whatever the case.
 *
 * @throws WaysideError `invalid_document` where it is no such CSV, or has too many rows
 */
export function devicesOfCsv(text: string): readonly CsvDevice[] {
  const rows = parseCsv(text);
  const first = rows.next();
  const at = columnsOf(first.done === true ? [] : first.value.cells);
  const used = new Set<string>();
  const devices: CsvDevice[] = [];
  for (const { row, cells } of rows) {
    if (devices.length === MAX_IMPORT_ROWS)
      throw invalid(`row ${row}`, `at most ${MAX_IMPORT_ROWS} go in one import`);
    const cell = (column: (typeof COLUMNS)[number]) => cells[at[column]]?.trim() ?? '';
    const device = { row, id: cell('id'), type: cell('type'), consumerId: cell('consumerId') || null };
    const message = problemOf(device, used);
    devices.push(
      message === null
        ? { kind: 'device', ...device }
        : { kind: 'wrong', row, id: device.id.slice(0, 128), message },
    );
    used.add(device.id);
  }
  return devices;
}

function problemOf(
  {
    id,
    type,
    consumerId,
  }: { readonly id: string; readonly type: string; readonly consumerId: string | null },
  used: ReadonlySet<string>,
): string | null {
  if (!isValidId(id)) return `id must be 1 to 128 of A-Z a-z 0-9 . _ : -, found ${describeFound(id)}`;
  if (used.has(id)) return `"${id}" stands in a row above`;
  if (type === '') return 'type is missing';
  if (type.length > 128) return 'type is longer than 128 characters';
  if (consumerId !== null && !isValidId(consumerId))
    return `consumerId must be 1 to 128 of A-Z a-z 0-9 . _ : -, found ${describeFound(consumerId)}`;
  return null;
}

function columnsOf(header: readonly string[]): Record<(typeof COLUMNS)[number], number> {
  const names = header.map((name) => name.trim());
  const lower = names.map((name) => name.toLowerCase().replaceAll('_', ''));
  const shown = names.join(', ').slice(0, 500);
  const unknown = names.filter(
    (_, index) => !COLUMNS.some((column) => column.toLowerCase() === lower[index]),
  );
  const missing = NEEDED.filter((column) => !lower.includes(column.toLowerCase()));
  if (missing.length > 0)
    throw invalid(
      'row 1',
      `the header has no column ${missing.join(', ')}; it has ${shown}.${shown.includes(';') ? ' Commas are expected between columns.' : ''}`,
    );
  const [stranger] = unknown;
  if (stranger !== undefined) {
    throw invalid(
      'row 1',
      `"${stranger.slice(0, 100)}" is no column of devices; there are ${COLUMNS.join(', ')}.${suggestion(stranger, COLUMNS)}`,
    );
  }
  const position = (column: string) => lower.indexOf(column.toLowerCase());
  return { id: position('id'), type: position('type'), consumerId: position('consumerId') };
}

function invalid(path: string, message: string): WaysideError {
  return new WaysideError('invalid_document', `${path}: ${message}`, { problems: [{ path, message }] });
}
