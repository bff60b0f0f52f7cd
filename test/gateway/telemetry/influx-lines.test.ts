import { Point } from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toLine } from '../../../gateway/telemetry/influx-lines.ts';
import { encodeName, fieldOf, suffixOf } from '../../../gateway/telemetry/influx-names.ts';
import type { TelemetryPoint } from '../../../gateway/telemetry/telemetry-store.ts';

/** The same line as InfluxData's own client makes it; it sorts its fields by name. */
function oracle(point: TelemetryPoint): string | undefined {
  const line = new Point('readings')
    .tag('device', encodeName(point.deviceKey))
    .timestamp(String(BigInt(point.at) * 1_000_000n + BigInt(point.seq % 1_000_000)))
    .intField('receivedAt', point.receivedAt);
  for (const [name, value] of Object.entries(point.position ?? {})) line.floatField(name, value);
  for (const [metric, value] of Object.entries(point.metrics ?? {})) {
    const field = fieldOf(metric, suffixOf(value));
    if (typeof value === 'number') line.floatField(field, value);
    else if (typeof value === 'boolean') line.booleanField(field, value);
    else line.stringField(field, value.toWellFormed());
  }
  if (point.event !== undefined) line.stringField('event', point.event.toWellFormed());
  if (point.flags.length > 0) line.stringField('flags', point.flags.join(','));
  return line.toLineProtocol({ convertTime: String });
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
        expect(sorted(toLine(point))).toBe(sorted(oracle(point) ?? ''));
      }),
      { numRuns: 2_000 },
    );
  });
});
