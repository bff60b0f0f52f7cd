import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../../gateway/telemetry/page.ts';
import type { TelemetryQuery } from '../../../gateway/telemetry/telemetry-store.ts';

const query: fc.Arbitrary<TelemetryQuery> = fc.record(
  {
    deviceKey: fc.string(),
    metric: fc.string(),
    everyMs: fc.integer({ min: 1 }),
    limit: fc.integer({ min: 1, max: 1000 }),
  },
  { requiredKeys: ['deviceKey', 'limit'] },
);
const position = fc.record({ at: fc.nat(Number.MAX_SAFE_INTEGER), tie: fc.nat(Number.MAX_SAFE_INTEGER) });

describe('a cursor', () => {
  it('gives back the position that it was made of', () => {
    fc.assert(
      fc.property(query, position, (asked, end) => {
        expect(decodeCursor({ ...asked, cursor: encodeCursor(asked, end) })).toEqual(end);
      }),
    );
  });

  it('serves no query but its own', () => {
    fc.assert(
      fc.property(query, query, position, (asked, other, end) => {
        const same = (['deviceKey', 'metric', 'everyMs'] as const).every(
          (name) => asked[name] === other[name],
        );
        fc.pre(!same);
        expect(() => decodeCursor({ ...other, cursor: encodeCursor(asked, end) })).toThrow(/cursor/);
      }),
    );
  });

  it('is refused when it is anything else', () => {
    fc.assert(
      fc.property(fc.string(), (cursor) => {
        expect(() => decodeCursor({ deviceKey: 'device', limit: 1, cursor })).toThrow(/cursor/);
      }),
    );
  });
});
