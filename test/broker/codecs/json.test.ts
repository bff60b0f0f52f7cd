import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spanOf } from '../../../broker/codecs/codec.ts';
import { jsonCodec } from '../../../broker/codecs/json.ts';

function decode(text: string) {
  return jsonCodec.decode(Buffer.from(text));
}
function codes(text: string): string[] {
  return decode(text).problems.map(({ code }) => code);
}

describe('a reading in JSON', () => {
  it('has every field of the contract', () => {
    const text = JSON.stringify({
      at: 1_763_756_400_000,
      position: { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 3.1, heading: 270, altitude: 120 },
      metrics: { fuel: 0.12, rpm: 2100, locked: true, gear: 'D' },
      event: 'purchase',
    });
    expect(decode(text)).toEqual({ readings: [JSON.parse(text)], problems: [] });
  });

  it.each([
    ['{"event":"x"}', { event: 'x' }],
    ['{"metrics":{"a":1}}', { metrics: { a: 1 } }],
    ['{"position":{"lat":-90,"lon":180}}', { position: { lat: -90, lon: 180 } }],
    ['{"at":null,"position":null,"metrics":null,"event":"x"}', { event: 'x' }],
    ['{"event":"x","at":1763756400000.9}', { event: 'x', at: 1_763_756_400_000 }],
    ['{"event":"x","at":"2025-11-21T20:20:00Z"}', { event: 'x', at: 1_763_756_400_000 }],
    ['{"event":"x","at":"2025-11-21T21:20:00.000+01:00"}', { event: 'x', at: 1_763_756_400_000 }],
    ['{"event":"x","at":"2025-11-21T15:20:00,5-0500"}', { event: 'x', at: 1_763_756_400_500 }],
    ['{"event":"x","at":"2025-11-21T22:20+02"}', { event: 'x', at: 1_763_756_400_000 }],
    // "Unknown", as phones say it.
    [
      '{"position":{"lat":1,"lon":2,"accuracy":-1,"speed":-1,"heading":-1}}',
      { position: { lat: 1, lon: 2, accuracy: -1 } },
    ],
    ['{"event":"x","unknown":{"a":[]}}', { event: 'x' }],
  ])('reads %s', (text, reading) => {
    expect(decode(text)).toEqual({ readings: [reading], problems: [] });
  });

  it.each([
    ['', 'bad_json'],
    ['{', 'bad_json'],
    ['NaN', 'bad_json'],
    ['{"metrics":{"a":NaN}}', 'bad_json'],
    ['null', 'bad_shape'],
    ['7', 'bad_shape'],
    ['"text"', 'bad_shape'],
    ['{}', 'bad_shape'],
    ['[]', 'bad_shape'],
    ['{"lat":1,"lon":2}', 'bad_shape'],
    ['{"metrics":{}}', 'bad_shape'],
    ['{"event":7}', 'bad_shape'],
    ['{"event":""}', 'bad_shape'],
    ['{"event":"a\\u0000b"}', 'bad_shape'],
    [`{"event":"${'x'.repeat(257)}"}`, 'bad_shape'],
    ['{"position":[1,2]}', 'bad_position'],
    ['{"position":{"lat":1}}', 'bad_position'],
    ['{"position":{"lat":"1","lon":2}}', 'bad_position'],
    ['{"position":{"lat":90.1,"lon":2}}', 'bad_position'],
    ['{"position":{"lat":1,"lon":-180.1}}', 'bad_position'],
    ['{"position":{"lat":1e999,"lon":2}}', 'bad_position'],
    ['{"metrics":[1]}', 'bad_metric'],
    ['{"metrics":{"a":1e999}}', 'bad_metric'],
    ['{"metrics":{"a":null}}', 'bad_metric'],
    ['{"metrics":{"a":{"b":1}}}', 'bad_metric'],
    ['{"metrics":{"__proto__":1}}', 'bad_metric'],
    ['{"metrics":{"":1}}', 'bad_metric'],
    ['{"metrics":{"a\\u0007":1}}', 'bad_metric'],
    ['{"metrics":{"a":"\\ud800"}}', 'bad_metric'],
    [`{"metrics":{"${'n'.repeat(129)}":1}}`, 'bad_metric'],
    [`{"metrics":{"a":"${'ü'.repeat(129)}"}}`, 'bad_metric'],
    ['{"event":"x","at":1763756400}', 'bad_time'],
    ['{"event":"x","at":1e999}', 'bad_time'],
    ['{"event":"x","at":1e20}', 'bad_time'],
    ['{"event":"x","at":-5}', 'bad_time'],
    ['{"event":"x","at":true}', 'bad_time'],
    ['{"event":"x","at":"yesterday"}', 'bad_time'],
    ['{"event":"x","at":"2025-11-21T20:20:00"}', 'bad_time'],
    ['{"event":"x","at":"2025-13-41T20:20:00Z"}', 'bad_time'],
    ['{"event":"x","at":"2026-02-30T00:00:00Z"}', 'bad_time'],
    ['{"event":"x","at":"2100-02-29T00:00:00Z"}', 'bad_time'],
  ])('refuses %s as %s', (text, code) => {
    expect(decode(text).readings).toEqual([]);
    expect(codes(text)).toEqual([code]);
  });

  it.each([
    ['1763756400', true],
    ['946684799000', false],
    ['"1999-12-31T23:59:59Z"', false],
    ['-5', false],
  ])('says of the time %s whether it looks like seconds: %s', (time, isSeconds) => {
    const [problem] = decode(`{"event":"x","at":${time}}`).problems;
    expect(problem?.message).toContain('before 2000-01-01');
    expect(problem?.message.includes('seconds')).toBe(isSeconds);
  });

  it('takes a text of exactly 256 bytes', () => {
    expect(decode(JSON.stringify({ metrics: { a: 'ü'.repeat(128) } })).problems).toEqual([]);
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(jsonCodec.decode(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])).problems).toMatchObject([
      { code: 'bad_encoding' },
    ]);
  });

  it('refuses one bad metric and keeps the rest', () => {
    const { readings, problems } = decode(
      '{"event":"x","metrics":{"good":1,"bad":[],"__proto__":{"evil":1},"also":true}}',
    );
    expect(readings).toEqual([{ event: 'x', metrics: { good: 1, also: true } }]);
    expect(problems.map(({ message }) => message)).toEqual([
      '/metrics/bad: a finite number, a boolean or a text is expected; found an array',
      '/metrics/__proto__: that name is not allowed',
    ]);
    expect(({} as Record<string, unknown>).evil).toBeUndefined();
  });

  it('refuses a bad field of a position and keeps the position', () => {
    const { readings, problems } = decode(
      '{"position":{"lat":1,"lon":2,"speed":"fast","heading":361,"altitude":3}}',
    );
    expect(readings).toEqual([{ position: { lat: 1, lon: 2, altitude: 3 } }]);
    expect(problems.map(({ code }) => code)).toEqual(['bad_position', 'bad_position']);
  });

  it('hurts only the bad element of an array', () => {
    const { readings, problems } = decode(
      '[{"event":"a"},7,{"metrics":{"b":"x"}},{"position":{"lat":99,"lon":0}}]',
    );
    expect(readings).toEqual([{ event: 'a' }, { metrics: { b: 'x' } }]);
    expect(problems.map(({ code, message }) => `${code} ${message.split(':')[0]}`)).toEqual([
      'bad_shape /1',
      'bad_position /3/position/lat',
    ]);
  });

  it('takes 1,000 elements, and refuses 1,001', () => {
    const many = (count: number): string =>
      JSON.stringify(Array.from({ length: count }, () => ({ event: 'x' })));
    expect(decode(many(1000)).readings).toHaveLength(1000);
    expect(codes(many(1001))).toEqual(['bad_shape']);
  });

  it('tells no position in a message', () => {
    for (const text of [
      '{"position":{"lat":45.4642,"lon":9.19},"x":y}',
      '{"position":{"lat":4545.4642,"lon":9.19}}',
      '{"position":{"lat":45.4642,"lon":"9.19"}}',
      '{"position":{"lat":45.4642,"lon":9.19,"speed":"9.19"}}',
    ]) {
      const { problems } = decode(text);
      expect(problems).toHaveLength(1);
      expect(JSON.stringify(problems)).not.toMatch(/45\.|9\.19/);
    }
  });

  it('never throws, and gives the same for the same bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const first = jsonCodec.decode(bytes);
          expect(jsonCodec.decode(bytes)).toEqual(first);
          expect(first.readings.length + first.problems.length).toBeGreaterThan(0);
          expect(first.readings.length).toBeLessThanOrEqual(spanOf(bytes));
        },
      ),
    );
  });

  it('survives deep nesting', () => {
    expect(codes('['.repeat(100_000))).toEqual(['bad_json']);
    expect(codes(`{"metrics":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}`)).toEqual(['bad_metric']);
  });
});

describe('the span', () => {
  it.each([
    ['{"event":"x"}', 1],
    ['[{"event":"x"}]', 1000],
    [' \r\n\t[', 1000],
    ['', 1],
    ['   ', 1],
    ['garbage', 1],
  ])('of %j is %i', (text, span) => {
    expect(spanOf(Buffer.from(text))).toBe(span);
  });
});
