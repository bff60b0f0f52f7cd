import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameScanner } from '../../broker/frame-scanner.ts';
import { DEFAULT_LIMITS } from '../../broker/limits.ts';
import { packet, publishPacket, text } from './packets.ts';

const LIMITS = { ...DEFAULT_LIMITS, maxPayloadBytes: 2000, keptHeadBytes: 16 };
/** What is kept of the body of an over-long PUBLISH: room for a topic and the head of the payload. */
const KEPT_BODY = 2 + 512 + 2 + LIMITS.keptHeadBytes;

/** Feeds a stream cut at these places; gives all that was passed. */
function passed(scanner: FrameScanner, stream: Buffer, cuts: readonly number[]): Buffer {
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].toSorted(
    (a, b) => a - b,
  );
  const parts: Buffer[] = [];
  for (const [index, place] of places.entries()) {
    const { pass, fault } = scanner.scan(stream.subarray(place, places[index + 1] ?? stream.length));
    expect(fault).toBeNull();
    parts.push(...pass);
  }
  return Buffer.concat(parts);
}

describe('the frame scanner', () => {
  it('passes packets within the limits unchanged, however they are cut', () => {
    const some = fc.array(
      fc.tuple(fc.constantFrom(0x10, 0x30, 0x82, 0xc0), fc.uint8Array({ maxLength: 300 })),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(some, fc.array(fc.nat()), (packets, cuts) => {
        const stream = Buffer.concat(packets.map(([type, body]) => packet(type, body)));
        expect(passed(new FrameScanner(LIMITS), stream, cuts)).toEqual(stream);
      }),
    );
  });

  it('shortens an over-long PUBLISH and remembers its length, however it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3000, max: 15_000 }), fc.array(fc.nat()), (size, cuts) => {
        const before = publishPacket('devices/a/telemetry', 'before', 1, 1);
        const long = publishPacket('devices/a/telemetry', Buffer.alloc(size, 'x'), 1, 2);
        const after = publishPacket('devices/a/telemetry', 'after', 1, 3);
        const scanner = new FrameScanner(LIMITS);
        const bodyStart = long.length - size - 2 - 21;
        const shortened = packet(0x32, long.subarray(bodyStart, bodyStart + KEPT_BODY));
        expect(passed(scanner, Buffer.concat([before, long, after]), cuts)).toEqual(
          Buffer.concat([before, shortened, after]),
        );
        expect([0, 1, 2].map((n) => scanner.shortenedFrom(n))).toEqual([0, long.length - bodyStart, 0]);
      }),
    );
  });

  it.each([
    ['a packet other than PUBLISH beyond the limit', packet(0x82, Buffer.alloc(300_000))],
    ['a length of five bytes', Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01])],
  ])('finds %s from its header alone', (_what, bytes) => {
    expect(new FrameScanner(LIMITS).scan(bytes.subarray(0, 6)).fault).not.toBeNull();
  });

  it('passes no more than the head of the longest PUBLISH of MQTT', () => {
    const scanner = new FrameScanner(LIMITS);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const all = Buffer.concat([Buffer.of(0x32, 0xff, 0xff, 0xff, 0x7f), text('devices/a/telemetry')]);
    let passedBytes = 0;
    let left = 268_435_455 - (all.length - 5);
    const take = (bytes: Buffer): void => {
      const { pass, fault } = scanner.scan(bytes);
      expect(fault).toBeNull();
      for (const part of pass) passedBytes += part.length;
    };
    take(all);
    for (; left > 0; left -= chunk.length) take(chunk.subarray(0, left));
    expect(passedBytes).toBe(3 + KEPT_BODY);
    expect(scanner.shortenedFrom(0)).toBe(268_435_455);
    expect(passed(scanner, Buffer.of(0xc0, 0), [])).toEqual(Buffer.of(0xc0, 0));
  });

  it('stops behind the first packet where asked to', () => {
    const connect = packet(0x10, Buffer.alloc(200));
    const rest = publishPacket('t', 'x', 0);
    const scanner = new FrameScanner(LIMITS);
    expect(scanner.scanFirst(connect.subarray(0, 50))).toEqual({
      pass: [connect.subarray(0, 50)],
      rest: null,
      taken: false,
      fault: null,
    });
    expect(scanner.firstIsOver).toBe(false);
    expect(scanner.scanFirst(Buffer.concat([connect.subarray(50), rest]))).toEqual({
      pass: [connect.subarray(50)],
      rest,
      taken: false,
      fault: null,
    });
    expect(scanner.firstIsOver).toBe(true);
  });
});
