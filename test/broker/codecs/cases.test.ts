import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Decoded, spanOf } from '../../../broker/codecs/codec.ts';
import { nativeCodec } from '../../../broker/codecs/native.ts';
import { dialectOf } from '../../../broker/dialects.ts';

/** One message and what it says. A new dialect adds a file of these beside the others. */
interface Case {
  readonly name: string;
  readonly topic: string;
  /** The payload: as a value, as text, as bytes (spaces are for the reader), or as a value to be packed. */
  readonly json?: unknown;
  readonly text?: string;
  readonly hex?: string;
  readonly gzipOf?: unknown;
  readonly readings?: readonly unknown[];
  /** Codes, in order. */
  readonly problems?: readonly string[];
}

const RECEIVED_AT = 1_763_756_400_000;
const FOLDER = new URL('cases/', import.meta.url);

function payloadOf({ json, text, hex, gzipOf }: Case): Buffer {
  if (text !== undefined) return Buffer.from(text);
  if (hex !== undefined) return Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return gzipOf === undefined ? Buffer.from(JSON.stringify(json)) : gzipSync(JSON.stringify(gzipOf));
}

function decode(topic: string, payload: Buffer): Decoded {
  const arrival = { topic, receivedAt: RECEIVED_AT, userId: 'd' };
  const decoding = dialectOf(topic)?.decoding ?? { kind: 'plain', codec: nativeCodec };
  return decoding.kind === 'plain'
    ? decoding.codec.decode(payload, arrival)
    : decoding.codec.decode(payload, arrival, null);
}

/** Cases of Sparkplug are conversations: sparkplug.test.ts holds them. */
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && name !== 'sparkplug.json');

it('has cases of every dialect', () => {
  expect(files.sort()).toEqual(['native.json', 'owntracks.json', 'senml.json', 'thingsboard.json']);
});

describe.each(files)('%s', (file) => {
  const cases = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Case[];

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const payload = payloadOf(one);
    const { readings, problems } = decode(one.topic, payload);
    expect(problems.map(({ code }) => code)).toEqual(one.problems ?? []);
    // By content: objects that hold names from outside have no prototype.
    expect(JSON.parse(JSON.stringify(readings))).toEqual(one.readings ?? []);
    expect(readings.length).toBeLessThanOrEqual(spanOf(payload));
  });
});
