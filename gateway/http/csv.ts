import { WaysideError } from '../errors.ts';

/** Longer than any name or list of tags: a quote that was left open, most likely. */
const MAX_FIELD_LENGTH = 10_000;

export interface CsvRow {
  /** As a spreadsheet counts: the header is row 1, an empty line is a row, and one with line breaks in quotes is one. */
  readonly row: number;
  readonly cells: readonly string[];
}

/**
 * RFC 4180: fields may be quoted, a quote within is doubled, and a quoted field may hold line breaks. Empty lines are passed
 * over. Row by row, so that who reads a large text can let others work in between.
 */
export function* parseCsv(text: string): Generator<CsvRow> {
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  let row = 1;
  let cells: string[] = [];
  while (at < text.length) {
    const field = text[at] === '"' ? quotedField(text, at, line) : plainField(text, at);
    cells.push(field.value);
    line += field.lineBreaks;
    at = field.end;
    if (text[at] === ',') {
      at += 1;
      // A comma at the very end has an empty field behind it.
      if (at === text.length) cells.push('');
      continue;
    }
    if (text[at] === '"') throw badQuotes(line);
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line += 1;
    if (cells.length > 1 || cells[0] !== '') yield { row, cells };
    row += 1;
    cells = [];
  }
  if (cells.length > 0) yield { row, cells };
}

interface Field {
  readonly value: string;
  /** Where the comma, the line's end or the text's end is. */
  readonly end: number;
  readonly lineBreaks: number;
}

/** What ends a plain field; a quote there is a mistake, told by the caller. */
const PLAIN_END = /[",\r\n]/g;

function plainField(text: string, start: number): Field {
  PLAIN_END.lastIndex = start;
  const end = PLAIN_END.exec(text)?.index ?? text.length;
  return { value: text.slice(start, end), end, lineBreaks: 0 };
}

function quotedField(text: string, start: number, line: number): Field {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1 && text[quote + 1] === '"' && quote - start <= MAX_FIELD_LENGTH) {
    quote = text.indexOf('"', quote + 2);
  }
  if (quote === -1 || quote - start > MAX_FIELD_LENGTH) throw badQuotes(line);
  const end = quote + 1;
  if (end < text.length && !',\r\n'.includes(text[end] ?? '')) throw badQuotes(line);
  const value = text.slice(start + 1, quote).replaceAll('""', '"');
  return { value, end, lineBreaks: value.split('\n').length - 1 };
}

function badQuotes(line: number): WaysideError {
  const message =
    'a quoted field does not end (within 10,000 characters), or something stands beside its quotes';
  return new WaysideError('invalid_document', `line ${line}: ${message}`, {
    problems: [{ path: `line ${line}`, message }],
  });
}
