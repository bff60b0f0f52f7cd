import { expect, it } from 'vitest';
import { T0, type TelemetrySuite } from './telemetry-suite.ts';

/** Every value and every name that a reading may have comes back as it was. */
export function telemetryValueCases(suite: TelemetrySuite): void {
  it('keeps the type of each value when one metric changes its own', async () => {
    const sequence = [1, '1', true, 0, '', false];
    await suite.keep(
      'types',
      sequence.map((value, n) => ({ at: T0 + n, metrics: { m: value } })),
    );
    expect((await suite.values({ deviceKey: 'types', metric: 'm' })).map((point) => point.value)).toEqual(
      sequence,
    );
    expect((await suite.readings({ deviceKey: 'types' })).map((reading) => reading.metrics?.m)).toEqual(
      sequence,
    );
  });

  it('keeps numbers exactly, from the smallest to the largest', async () => {
    const numbers = [
      0,
      -1,
      0.1,
      -273.15,
      5e-324,
      1.7976931348623157e308,
      -1.7976931348623157e308,
      9007199254740991,
      1e21,
      1e-7,
      1 / 3,
    ];
    await suite.keep(
      'numbers',
      numbers.map((value, n) => ({ at: T0 + n, metrics: { m: value } })),
    );
    expect((await suite.values({ deviceKey: 'numbers', metric: 'm' })).map((point) => point.value)).toEqual(
      numbers,
    );
  });

  it('keeps odd strings as they are', async () => {
    const strings = [
      'a b,c=d',
      '"quoted"',
      "it's",
      'back\\slash',
      '\\',
      '\\"',
      'line\nbreak',
      'cr\r\nlf',
      'tab\t',
      'Ünïcödé 😀 日本',
      '#',
      '{}',
      'x'.repeat(256),
      "'; DROP TABLE readings; --",
      '%27',
      '\u0001',
      'nul\u0000byte',
      'null',
    ];
    await suite.keep(
      'strings',
      strings.map((value, n) => ({ at: T0 + n, metrics: { m: value }, event: value })),
    );
    expect((await suite.values({ deviceKey: 'strings', metric: 'm' })).map((point) => point.value)).toEqual(
      strings,
    );
    expect((await suite.readings({ deviceKey: 'strings' })).map((reading) => reading.event)).toEqual(strings);
  });

  it('keeps odd metric names apart', async () => {
    const names = [
      'a b',
      'a,b',
      'a=b',
      'a"b',
      "a'b",
      'a.b',
      'a/b',
      'a~b',
      'a~1b',
      'a*',
      '*',
      '0',
      '-1',
      'ünï 😀',
      'time',
      'lat',
      'event',
      'flags',
      'device',
      '__proto__',
      'constructor',
      'a.n',
      '$.x',
      'back\\slash',
      'end\\',
    ];
    const metrics = Object.fromEntries(names.map((name, n) => [name, n]));
    await suite.keep('names', [{ metrics }]);
    expect((await suite.readings({ deviceKey: 'names' }))[0]?.metrics).toEqual(metrics);
    for (const [n, name] of names.entries()) {
      expect([name, await suite.values({ deviceKey: 'names', metric: name })]).toEqual([
        name,
        [{ at: T0, value: n }],
      ]);
    }
  });

  it('takes half a surrogate pair without losing what stands beside it', async () => {
    await suite.keep('surrogate', [{ metrics: { m: 'bad \ud800 half', fuel: 1 } }]);
    expect(await suite.values({ deviceKey: 'surrogate', metric: 'fuel' })).toEqual([{ at: T0, value: 1 }]);
    expect((await suite.values({ deviceKey: 'surrogate', metric: 'm' }))[0]?.value).toMatch(/^bad .+ half$/);
  });

  it('takes device keys with odd characters', async () => {
    for (const deviceKey of ["o'key", 'back\\slash', 'a b,c=d', 'ünï', '"']) {
      await suite.keep(deviceKey, [{ metrics: { key: deviceKey } }]);
      expect(await suite.values({ deviceKey, metric: 'key' })).toEqual([{ at: T0, value: deviceKey }]);
    }
  });
}
