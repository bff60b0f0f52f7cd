import { readdirSync, readFileSync } from 'node:fs';
import { encode } from 'cborg';
import fc from 'fast-check';
import { get } from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import { type DialectState, spanOf } from '../../../broker/codecs/codec.ts';
import { nativeCodec } from '../../../broker/codecs/native.ts';
import { DIALECTS } from '../../../broker/dialects.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const ARRIVAL = { receivedAt: 1_763_756_400_000, userId: 'd' };
const NATIVE = 'devices/d/telemetry';
const TOPICS = [
  NATIVE,
  'owntracks/a/b',
  'v1/devices/me/telemetry',
  'spBv1.0/g/NBIRTH/n',
  'spBv1.0/g/DBIRTH/n/d',
  'spBv1.0/g/NDATA/n',
  'spBv1.0/g/DDATA/n/d',
  'spBv1.0/g/NDEATH/n',
];

interface Told {
  readonly readings: readonly object[];
  readonly problems: readonly { readonly message: string }[];
}

/** Decodes as often as is asked, with what a stateful dialect remembers of the time before. */
function decoder(topic: string): (payload: Uint8Array) => Told {
  const arrival = { ...ARRIVAL, topic };
  const decoding = DIALECTS.find(({ prefix }) => topic.startsWith(prefix))?.decoding;
  if (decoding === undefined) return (payload) => nativeCodec.decode(payload, arrival);
  if (decoding.kind === 'plain') return (payload) => decoding.codec.decode(payload, arrival);
  let state: DialectState | null = null;
  return (payload) => {
    const decoded = decoding.codec.decode(payload, arrival, state);
    state = decoded.state;
    return decoded;
  };
}

/** What every codec owes, whatever the bytes. */
function holds(topic: string, payload: Uint8Array): void {
  const decode = decoder(topic);
  const { readings, problems } = decode(payload);
  expect(decoder(topic)(payload)).toEqual({ ...decoder(topic)(payload), readings, problems });
  expect(readings.length).toBeLessThanOrEqual(1000);
  for (const reading of readings) {
    // Kept as JSON later, and the same from it: no NaN, no infinity, nothing that is left out.
    const plain = JSON.parse(JSON.stringify(reading)) as { metrics?: Record<string, unknown> };
    expect(plain).toEqual({
      ...reading,
      ...('metrics' in reading && { metrics: { ...(reading.metrics as object) } }),
    });
    for (const value of Object.values(plain.metrics ?? {}))
      expect(['number', 'boolean', 'string']).toContain(typeof value);
    expect(Object.hasOwn(plain.metrics ?? {}, '__proto__')).toBe(false);
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
}

/** Good payloads of all dialects: what is nearly right goes deeper than noise. */
const seeds: Uint8Array[] = [];
for (const file of readdirSync(new URL('cases/', import.meta.url))) {
  const cases = JSON.parse(readFileSync(new URL(`cases/${file}`, import.meta.url), 'utf8'));
  for (const one of cases) {
    if (one.json !== undefined) seeds.push(Buffer.from(JSON.stringify(one.json)), encode(one.json));
    if (one.hex !== undefined) seeds.push(Buffer.from(one.hex.replaceAll(' ', ''), 'hex'));
    for (const { payload } of one.messages ?? []) {
      if (payload !== undefined && !JSON.stringify(payload).includes('"Bytes"'))
        seeds.push((get('spBv1.0') as { encodePayload(value: object): Uint8Array }).encodePayload(payload));
    }
  }
}

const mutated = fc
  .record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(2) }), { maxLength: 6 }),
  })
  .map(({ seed, edits }) => {
    let bytes = Buffer.from(seed);
    for (const { at, byte, kind } of edits) {
      const index = at % (bytes.length + 1);
      if (kind === 0) bytes[index] = byte;
      else if (kind === 1)
        bytes = Buffer.concat([bytes.subarray(0, index), Buffer.of(byte), bytes.subarray(index)]);
      else bytes = bytes.subarray(0, index);
    }
    return bytes;
  });

describe.each(TOPICS)('whatever comes on %s', (topic) => {
  it('is told the same way again, and never throws: noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => holds(topic, bytes)),
      { numRuns: 300 },
    );
  });

  it('is told the same way again, and never throws: what is nearly right', () => {
    fc.assert(
      fc.property(mutated, (bytes) => holds(topic, bytes)),
      { numRuns: 700 },
    );
  });

  it('is told the same way again, and never throws: JSON of any kind', () => {
    const names = fc.constantFrom(
      'at',
      'position',
      'metrics',
      'n',
      'bn',
      'v',
      'u',
      't',
      '_type',
      'lat',
      'lon',
      'tst',
      'ts',
      'values',
      'latitude',
      '__proto__',
      'constructor',
    );
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('location', 'lat', 1e308, -0, 1e21, 'steps', 1_763_756_400),
    );
    const object = fc
      .array(fc.tuple(names, values))
      .map(
        (entries) =>
          `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
      );
    const texts = fc.oneof(
      object,
      fc.array(object, { maxLength: 5 }).map((all) => `[${all.join(',')}]`),
    );
    fc.assert(
      fc.property(texts, (text) => holds(topic, Buffer.from(text))),
      { numRuns: 300 },
    );
  });

  it('takes no more than a moment, however it is nested or numbered', () => {
    const deep = 1024 * 1024;
    const payloads = [
      Buffer.alloc(deep, '['),
      Buffer.alloc(deep, '{"a":'),
      Buffer.concat([
        Buffer.from('{"metrics":{"a":'),
        Buffer.alloc(500_000, '['),
        Buffer.alloc(500_000, ']'),
        Buffer.from('}}'),
      ]),
      // CBOR: arrays in arrays, maps in maps, tags in tags, and lengths beyond all bounds.
      Buffer.alloc(deep, 0x81),
      Buffer.alloc(deep, 0x9f),
      Buffer.alloc(deep, Buffer.from('a161', 'hex')),
      Buffer.alloc(deep, Buffer.from('d9d9f7', 'hex')),
      Buffer.from('9bffffffffffffffff', 'hex'),
      Buffer.from('bbffffffffffffffff', 'hex'),
      Buffer.from('5bffffffffffffffff', 'hex'),
      // Protobuf: half a million empty metrics, groups in groups, a length of four thousand million.
      Buffer.alloc(deep, Buffer.from('1200', 'hex')),
      Buffer.alloc(deep, 0x0b),
      Buffer.from('12ffffffff0f', 'hex'),
      Buffer.from(JSON.stringify(Array.from({ length: 100_000 }, () => ({ n: 'a', v: 1 })))),
      Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, t) => ({ n: 'a', v: 1, t })))),
    ];
    for (const payload of payloads) {
      const before = cpuMs();
      const { readings, problems } = decoder(topic)(payload);
      expect(cpuMs() - before).toBeLessThan(2000);
      expect(readings.length).toBeLessThanOrEqual(1000);
      expect(problems.length).toBeLessThan(25_000);
      expect(spanOf(payload)).toBeGreaterThanOrEqual(1);
    }
  });
});

it('tells nothing of a position in what it says is wrong', () => {
  const secret = '45.4642';
  for (const topic of TOPICS) {
    for (const seed of seeds) {
      const text = Buffer.from(seed)
        .toString('latin1')
        .replaceAll(/\d+\.\d+/g, secret);
      for (const { message } of decoder(topic)(Buffer.from(text, 'latin1')).problems)
        expect(message).not.toContain(secret);
    }
  }
});

it('no dialect begins as the native topics do, and none as another', () => {
  const prefixes = DIALECTS.map(({ prefix }) => prefix);
  for (const prefix of prefixes) {
    expect(prefix).not.toMatch(/^d/);
    expect(prefix.endsWith('/')).toBe(true);
    expect(prefixes.filter((other) => other.startsWith(prefix))).toEqual([prefix]);
  }
});
