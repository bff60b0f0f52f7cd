import { Buffer } from 'node:buffer';
import type { Random } from '../../devices-sim/city/model/random.ts';

/** Lengths and values at which parsers go wrong. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xbf, 0xff] as const;
const WIDE_EDGES = [0, 1, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff] as const;
const MOST_CHANGES = 3;
const LONGEST_RUN = 16;
/** So that repeated doubling of parts does not make every input huge. */
const LONGEST_INPUT = 8192;

/** A copy with one to three changes of the kinds that parsers meet: bits, bytes, lengths, parts lost, doubled, swapped in. */
export function mutate(input: Uint8Array, others: readonly Uint8Array[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input);
  const changes = random.chance(0.6) ? 1 : 1 + random.integer(MOST_CHANGES);
  for (let change = 0; change < changes; change += 1) bytes = changed(bytes, others, random);
  return bytes.subarray(0, LONGEST_INPUT);
}

function changed(bytes: Buffer, others: readonly Uint8Array[], random: Random): Buffer {
  const at = random.integer(bytes.length + 1);
  const run = random.integer(LONGEST_RUN);
  const head = bytes.subarray(0, at);
  switch (random.integer(9)) {
    case 0:
      return replaced(bytes, at, (byte) => byte ^ (1 << random.integer(8)));
    case 1:
      return replaced(bytes, at, () => random.pick(EDGES));
    case 2:
      return replaced(bytes, at, () => random.integer(256));
    case 3: {
      const wide = Buffer.alloc(4);
      wide.writeUInt32BE(random.pick(WIDE_EDGES));
      return Buffer.concat([head, wide, bytes.subarray(at + 4)]);
    }
    case 4:
      return Buffer.concat([head, bytes.subarray(at + run)]);
    case 5:
      return Buffer.concat([head, bytes.subarray(at, at + run), bytes.subarray(at)]);
    case 6:
      return Buffer.concat([head, randomBytes(run, random), bytes.subarray(at)]);
    case 7:
      return Buffer.from(head);
    default: {
      const other = random.pick(others);
      return Buffer.concat([head, other.subarray(random.integer(other.length + 1))]);
    }
  }
}

function replaced(bytes: Buffer, at: number, by: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = by(copy[at] ?? 0);
  return copy;
}

function randomBytes(count: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.integer(256)));
}
