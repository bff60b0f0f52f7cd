import type { BenchResult } from './bench.ts';

const format = (value: number | string | undefined): string => {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
};

/** A result as a text table, with its ratios and conditions below. */
export function table(result: BenchResult): string {
  const header = ['', ...result.columns];
  const rows = result.rows.map((row) => [
    row.subject,
    ...result.columns.map((column) => format(row.figures[column])),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [
    line(header),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rows.map(line),
    '',
    ...result.ratios.map(({ name, value, aim }) => `${name}: ${value.toFixed(2)} (aim: ${aim})`),
    result.conditions,
  ].join('\n');
}
