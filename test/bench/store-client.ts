import { InfluxDB, Point, type WriteApi } from '@influxdata/influxdb-client';
import type { TelemetryPoint } from '../../gateway/telemetry/telemetry-store.ts';

/**
 * InfluxData's client as its README shows it: `getWriteApi`, `writePoint`, and no option changed.
 *
 * @param onStored told of lines that the server took: `flush` waits for the last batch alone
 */
export function openClient(url: string, database: string, onStored: (lines: number) => void): WriteApi {
  const api = new InfluxDB({ url }).getWriteApi('', database, 'ns', {
    writeSuccess: (lines) => onStored(lines.length),
  });
  // InfluxDB 1.6 has no /api/v2/write.
  api.path = `/write?db=${database}&precision=ns`;
  return api;
}

export function writePoint(
  api: WriteApi,
  { deviceKey, at, seq, receivedAt, position, metrics }: TelemetryPoint,
): void {
  const point = new Point('readings')
    .tag('device', deviceKey)
    .intField('receivedAt', receivedAt)
    .timestamp(String(BigInt(at) * 1_000_000n + BigInt(seq % 1_000_000)));
  for (const [name, value] of Object.entries(position ?? {})) point.floatField(name, value);
  for (const [name, value] of Object.entries(metrics ?? {})) {
    if (typeof value === 'number') point.floatField(`${name}.n`, value);
    else if (typeof value === 'boolean') point.booleanField(`${name}.b`, value);
    else point.stringField(`${name}.s`, value);
  }
  api.writePoint(point);
}

/** Points in the database. */
export async function countPoints(url: string, database: string): Promise<number> {
  const q = 'SELECT count("receivedAt") FROM "readings"';
  const answer = await fetch(`${url}/query?db=${database}&q=${encodeURIComponent(q)}`);
  const body = (await answer.json()) as { results: { series?: { values: [string, number][] }[] }[] };
  return body.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

/** Runs one statement, such as CREATE DATABASE. */
export async function runStatement(url: string, q: string): Promise<void> {
  const answer = await fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ q }) });
  if (!answer.ok) throw new Error(`${q}: ${answer.status} ${await answer.text()}`);
}
