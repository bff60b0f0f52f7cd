import { crc32 } from 'node:zlib';

/** Beyond it, the call is worth its price. */
const SHORT_BYTES = 256;
const POLYNOMIAL = 0xedb88320;

/** By a byte, what it does to the checksum when so many bytes come behind it in a word of four. */
const [LAST, THIRD, SECOND, FIRST] = tables();

/**
 * CRC-32, as that of `node:zlib`. A call of that one costs more than all bytes of a usual payload, and this is asked of every message.
 */
export function payloadChecksum(payload: Uint8Array): number {
  const { length } = payload;
  if (length > SHORT_BYTES) return crc32(payload);
  let crc = -1;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    crc ^= byteAt(payload, at) | (byteAt(payload, at + 1) << 8);
    crc ^= (byteAt(payload, at + 2) << 16) | (byteAt(payload, at + 3) << 24);
    crc =
      (FIRST[crc & 0xff] as number) ^
      (SECOND[(crc >>> 8) & 0xff] as number) ^
      (THIRD[(crc >>> 16) & 0xff] as number) ^
      (LAST[crc >>> 24] as number);
  }
  for (; at < length; at += 1) crc = (LAST[(crc ^ byteAt(payload, at)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function tables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const next = (crc: number) => (LOW[crc & 0xff] ?? 0) ^ (crc >>> 8);
  const LOW = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const second = LOW.map(next);
  const third = second.map(next);
  return [LOW, second, third, third.map(next)];
}
