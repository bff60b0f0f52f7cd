import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { payloadChecksum } from '../../../gateway/engine/payload-checksum.ts';

it('the checksum of a payload is that of zlib, which earlier versions wrote down', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(3), (bytes, skipped) => {
      const payload = bytes.subarray(skipped);
      expect(payloadChecksum(payload)).toBe(crc32(payload));
    }),
    { numRuns: 2_000, seed: 3 },
  );
  expect(payloadChecksum(new Uint8Array())).toBe(0);
});
