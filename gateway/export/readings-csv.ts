import type { DeviceType } from '../../rules/readings/device-type.ts';
import type { MetricValue } from '../../rules/readings/reading.ts';
import type { ReadingPoint, TelemetryReader } from '../telemetry/telemetry-store.ts';
import type { ExportedDevice } from './exported-devices.ts';
import { exportedReadings } from './exported-readings.ts';

/** Units stand in the names, for CSV has no other place for them; `READING_FIELDS` says what each is. */
const COLUMNS = [
  'at',
  'lat_degrees',
  'lon_degrees',
  'accuracy_metres',
  'speed_metres_per_second',
  'heading_degrees',
  'altitude_metres',
  'event',
  'flags',
] as const;
/** Metrics that the device type does not describe: a JSON object. */
const OTHER_METRICS = 'other_metrics';
/**
 * Where a spreadsheet would begin a formula (OWASP, CSV injection); numbers are written as numbers. Within a text, too: where the
 * comma is the decimal sign, as in German and Italian, spreadsheets cut such a file at semicolons, whatever is quoted.
 */
const FORMULA = /^(?=[=+\-@＝＋－＠\t\r\n])|(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])/g;

/**
 * What a device reported as CSV (RFC 4180), in pieces of bounded size: a line a reading, times in ISO 8601 (UTC), and a column
 * `metric:<name>` with its unit for each metric that the device type describes.
 *
 * @param type null where it is not known any more
 * @param now domain time, epoch ms
 */
export async function* readingsCsv(
  telemetry: TelemetryReader,
  device: ExportedDevice,
  type: DeviceType | null,
  now: number,
): AsyncGenerator<string> {
  const described = Object.entries(type?.metrics ?? {});
  const names = described.map(([name]) => name);
  const headings = described.map(
    ([name, { unit }]) => `metric:${name}${unit === undefined || unit === '' ? '' : ` (${unit})`}`,
  );
  // Asked first: a store that is away is told before the answer has begun.
  const pages = exportedReadings(telemetry, device.key, device.since, now);
  let page = await pages.next();
  yield lineOf([...COLUMNS, ...headings, OTHER_METRICS]);
  for (; page.done !== true; page = await pages.next())
    yield page.value.map((point) => lineOf(valuesOf(point, names))).join('');
}

function valuesOf(point: ReadingPoint, names: readonly string[]): readonly (MetricValue | undefined)[] {
  const { at, position, event, flags, metrics = {} } = point;
  const others = Object.entries(metrics).filter(([name]) => !names.includes(name));
  return [
    new Date(at).toISOString(),
    position?.lat,
    position?.lon,
    position?.accuracy,
    position?.speed,
    position?.heading,
    position?.altitude,
    event,
    flags.join(' '),
    ...names.map((name) => (Object.hasOwn(metrics, name) ? metrics[name] : undefined)),
    others.length === 0 ? undefined : JSON.stringify(Object.fromEntries(others)),
  ];
}

function lineOf(values: readonly (MetricValue | undefined)[]): string {
  return `${values.map(cellOf).join(',')}\r\n`;
}

function cellOf(value: MetricValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = value.replace(FORMULA, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
