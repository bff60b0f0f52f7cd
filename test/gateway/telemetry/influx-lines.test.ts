import { Point } from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addLines } from '../../../gateway/telemetry/influx-lines.ts';
import { encodeName, fieldOf, suffixOf } from '../../../gateway/telemetry/influx-names.ts';
import type { TelemetryPoint } from '../../../gateway/telemetry/telemetry-store.ts';

/** The same lines as InfluxData's own client makes them; it sorts its fields by name. */
function oracle(point: TelemetryPoint): readonly string[] {
  const { position, metrics, event } = point;
  const rest = pointOf('readings', point);
  for (const [metric, value] of Object.entries(metrics ?? {})) {
    const field = fieldOf(metric, suffixOf(value));
    if (typeof value === 'number') rest.floatField(field, value);
    else if (typeof value === 'boolean') rest.booleanField(field, value);
    else rest.stringField(field, value.toWellFormed());
  }
  if (event !== undefined) rest.stringField('event', event.toWellFormed());
  const hasRest = Object.keys(metrics ?? {}).length > 0 || event !== undefined;
  const where = pointOf('positions', point);
  for (const [name, value] of Object.entries(position ?? {})) where.floatField(name, value);
  const lines = [position === undefined ? [] : [where], hasRest || position === undefined ? [rest] : []];
  return lines.flat().map((line) => line.toLineProtocol({ convertTime: String }) ?? '');
}

function pointOf(measurement: string, point: TelemetryPoint): Point {
  const line = new Point(measurement)
    .tag('device', encodeName(point.deviceKey))
    .timestamp(String(BigInt(point.at) * 1_000_000n + BigInt(point.seq % 1_000_000)))
    .intField('receivedAt', point.receivedAt);
  if (point.flags.length > 0) line.stringField('flags', point.flags.join(','));
  return line;
}

/** Fields in order of name, as the client has them: a comma outside quotes that no backslash escapes parts them. */
function sorted(line: string): string {
  const [, head = '', fields = '', time = ''] =
    /^((?:\\.|[^ \\])*) ((?:"(?:\\.|[^"\\])*"|\\.|[^ "\\])*) (\d+)$/s.exec(line) ?? [];
  const parts = fields.match(/(?:"(?:\\.|[^"\\])*"|\\.|[^,"\\])+/gs) ?? [];
  return `${head} ${parts.toSorted().join(',')} ${time}`;
}

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const arbitraryPoint: fc.Arbitrary<TelemetryPoint> = fc.record(
  {
    deviceKey: fc.string({ minLength: 1, unit: 'binary' }),
    at: fc.nat({ max: 9_223_372_036_853 }),
    seq: fc.maxSafeNat(),
    receivedAt: fc.nat(),
    flags: fc.subarray(['late', 'clock_corrected'] as const),
    position: fc.record({ lat: number, lon: number }),
    metrics: fc.dictionary(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.oneof(number, fc.boolean(), fc.string({ unit: 'binary' })),
    ),
    event: fc.string({ unit: 'binary' }),
  },
  { requiredKeys: ['deviceKey', 'at', 'seq', 'receivedAt', 'flags'] },
);

describe('line protocol', () => {
  it("is the client's own, for every reading", () => {
    fc.assert(
      fc.property(arbitraryPoint, (point) => {
        const lines: string[] = [];
        addLines(point, (line) => lines.push(line));
        expect(lines.map(sorted)).toEqual(oracle(point).map(sorted));
      }),
      { numRuns: 2_000 },
    );
  });
});
