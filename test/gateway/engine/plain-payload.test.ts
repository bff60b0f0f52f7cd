import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeCodec } from '../../../broker/codecs/native.ts';
import { readPlain } from '../../../gateway/engine/plain-payload.ts';

const ARRIVAL = { topic: 'devices/van/telemetry', userId: 'van', receivedAt: 1_763_800_000_000 };

/** What the codec makes of a payload, where that is one reading and nothing to complain of. */
function byCodec(payload: Buffer) {
  const { readings, problems } = nativeCodec.decode(payload, ARRIVAL);
  return readings.length === 1 && problems.length === 0 ? readings[0] : null;
}

/** Whether it was read; what was read must be what the codec reads, in its order (a repetition is known by the text of a reading). */
function agrees(text: string): boolean {
  const payload = Buffer.from(text);
  const plain = readPlain(payload);
  if (plain === null) return false;
  const expected = byCodec(payload);
  expect(plain, text).toEqual(expected);
  expect(JSON.stringify(plain), text).toBe(JSON.stringify(expected));
  return true;
}

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${length}}$`));
/** Numbers as devices write them, and as nobody should. */
const numeral = fc.oneof(
  { weight: 6, arbitrary: fc.double({ noNaN: true, min: -200, max: 200 }).map((value) => value.toFixed(6)) },
  { weight: 3, arbitrary: fc.integer({ min: -400, max: 5_000 }).map(String) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('', '-'), digits(9), digits(9))
      .map(([sign, whole, part]) => `${sign}${whole}.${part}`),
  },
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '00',
    '01.5',
    '1.',
    '.5',
    '-',
    '+1',
    '1e3',
    '1E-2',
    '9007199254740993',
    '0.1',
    '5e-324',
  ),
  fc.constantFrom('true', 'null', '"12"', '"yes"', '[1]', '{}', 'NaN', '1 ', ' 1'),
);
const metricName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('fuel', 'rpm', 'speed.avg', 'a_b', 'x-1') },
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '0',
    '12',
    '',
    'ü',
    'a b',
    'n\\u0041',
    'x'.repeat(41),
  ),
);
const pair = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
  fc.tuple(name, value).map(([key, text]) => `"${key}":${text}`);
const record = (pairs: fc.Arbitrary<string>, most: number) =>
  fc.array(pairs, { maxLength: most }).map((all) => `{${all.join(',')}}`);
const position = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(numeral, numeral).map(([lat, lon]) => `{"lat":${lat},"lon":${lon}}`) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: -91, max: 91 }), numeral, numeral, numeral, numeral)
      .map(
        ([lat, accuracy, speed, heading, altitude]) =>
          `{"altitude":${altitude},"lat":${lat},"lon":9.19,"accuracy":${accuracy},"speed":${speed},"heading":${heading}}`,
      ),
  },
  record(pair(fc.constantFrom('lat', 'lon', 'accuracy', 'speed', 'heading', 'altitude', 'else'), numeral), 6),
);
const time = fc.oneof(
  fc.integer({ min: 0, max: 4_000_000_000_000 }).map(String),
  fc.constantFrom(
    '1763800000000',
    '1763800000000.7',
    '946684799999',
    '946684800000',
    '8640000000000001',
    'null',
  ),
);
const field = fc.oneof(
  { weight: 4, arbitrary: position.map((text) => `"position":${text}`) },
  { weight: 4, arbitrary: record(pair(metricName, numeral), 5).map((text) => `"metrics":${text}`) },
  { weight: 2, arbitrary: time.map((text) => `"at":${text}`) },
  fc.constantFrom('"event":"purchase"', '"else":1'),
);
const message = fc.array(field, { maxLength: 3 }).map((fields) => `{${fields.join(',')}}`);

describe('a plain payload', () => {
  it('is read as the codec reads it, or left to it, whatever it holds', () => {
    let plain = 0;
    fc.assert(
      fc.property(message, (text) => {
        if (agrees(text)) plain += 1;
      }),
      { numRuns: 30_000, seed: 7 },
    );
    // Else the law would hold of nothing.
    expect(plain).toBeGreaterThan(1_000);
  });

  it('is never read where a byte of it is not as it should be', () => {
    const good =
      '{"at":1763800000000,"position":{"lat":45.4642,"lon":-9.19,"speed":13.9},"metrics":{"fuel":0.51,"rpm":2000}}';
    expect(agrees(good)).toBe(true);
    let plain = 0;
    for (let at = 0; at < good.length; at += 1) {
      expect(readPlain(Buffer.from(good.slice(0, at)))).toBeNull();
      for (const instead of [
        '',
        '0',
        '9',
        '-',
        '.',
        ',',
        ':',
        '"',
        '{',
        '}',
        'e',
        ' ',
        'ü',
        '\\',
        '""',
        '00',
      ])
        if (agrees(good.slice(0, at) + instead + good.slice(at + 1))) plain += 1;
    }
    expect(plain).toBeGreaterThan(100);
  });

  it('reads what devices say all day, also in turn', () => {
    for (let n = 0; n < 100; n += 1) {
      expect(
        agrees(`{"position":{"lat":45.${n},"lon":9.1},"metrics":{"fuel":0.${n},"rpm":${2000 + n}}}`),
      ).toBe(true);
      expect(agrees(`{"metrics":{"rpm":${n},"fuel":0.5,"temp":-${n}.25}}`)).toBe(true);
    }
  });
});
