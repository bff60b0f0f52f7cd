import { requireConsumer } from '../records/consumers.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import { PERSON_TABLES } from '../records/person-tables/all-tables.ts';
import type { Owner } from '../records/person-tables/rows-of.ts';
import type { TelemetryReader } from '../telemetry/telemetry-store.ts';
import { aboutExport, EXPORT_FORMAT } from './about-export.ts';
import { type ExportSource, exportedRows } from './export-rows.ts';
import { type ExportedDevice, exportedDevices } from './exported-devices.ts';
import { exportedLog } from './exported-log.ts';
import { exportedReadings } from './exported-readings.ts';

export interface PersonExportSource extends ExportSource {
  readonly telemetry: TelemetryReader;
  /** Domain time, epoch ms. */
  readonly now: () => number;
}

/**
 * All that is known of a person as the text of one JSON document, in pieces of bounded size: the tables of
 * `records/person-tables`, the audit log, and what their devices reported.
 *
 * @throws WaysideError `not_found`, `telemetry_unavailable`; with the first piece, or once the document has begun
 */
export async function* personExport(source: PersonExportSource, consumer: string): AsyncGenerator<string> {
  const { db, telemetry } = source;
  await requireConsumer(db, consumer);
  const devices = await exportedDevices(db, consumer);
  const [first] = devices;
  // A store that is away is told before the answer has begun.
  if (first !== undefined) await telemetry.read({ deviceKey: first.key, limit: 1 });
  const head = { format: EXPORT_FORMAT, exportedAt: source.now(), consumer, about: aboutExport() };
  yield JSON.stringify(head).slice(0, -1);
  for (const [name, table] of PERSON_TABLES) {
    if (!('as' in table.export)) continue;
    yield `,\n${JSON.stringify(table.export.as)}:`;
    yield* jsonList(rowsOfAll(source, name, table, consumer, devices));
  }
  yield `,\n"log":`;
  yield* jsonList(exportedLog(db, consumer, devices));
  yield `,\n"metrics":${JSON.stringify(await metricsOf(source, devices))}`;
  yield `,\n"telemetry":{`;
  for (const [index, device] of devices.entries()) {
    yield `${index === 0 ? '' : ','}\n${JSON.stringify(device.id)}:`;
    yield* jsonList(exportedReadings(telemetry, device.key, device.since, source.now()));
  }
  yield '}}\n';
}

async function* rowsOfAll(
  source: ExportSource,
  ...[name, table, consumer, devices]: readonly [
    ...(typeof PERSON_TABLES)[number],
    consumer: string,
    devices: readonly ExportedDevice[],
  ]
): AsyncGenerator<readonly object[]> {
  const person: Owner = { kind: 'consumer', id: consumer };
  yield* exportedRows(source, name, table, person, null);
  for (const { id, key, since } of devices)
    yield* exportedRows(source, name, table, { kind: 'device', id, key }, since);
}

/** A page as one piece: few and large writes. */
async function* jsonList(pages: AsyncIterable<readonly object[]>): AsyncGenerator<string> {
  yield '[';
  let isFirst = true;
  for await (const page of pages) {
    const items = page.map((item) => JSON.stringify(item)).join(',\n');
    yield `${isFirst ? '\n' : ',\n'}${items}`;
    isFirst = false;
  }
  yield ']';
}

async function metricsOf(
  { db }: ExportSource,
  devices: readonly ExportedDevice[],
): Promise<Readonly<Record<string, object>>> {
  const types = new Set(devices.map(({ type }) => type));
  const known = (await listDeviceTypes(db)).filter(({ id }) => types.has(id));
  return Object.fromEntries(known.map(({ id, metrics }) => [id, metrics]));
}
